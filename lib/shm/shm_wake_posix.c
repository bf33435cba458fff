#include "shm/shm.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * shm.h on Linux: sleeping, waking, clocks and users. The futex is a shared one
 * (no FUTEX_PRIVATE_FLAG): its key is the file's page, so it works through read-only
 * mappings and across mount namespaces.
 */

#define SLICE_MS 20u

void shm_wake(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int shm_sleep(const uint32_t *word, uint32_t seen, uint32_t timeout_ms)
{
	struct timespec time = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000 };

	if (syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, NULL, 0) != 0 && errno == ETIMEDOUT)
		return SHM_TIMEOUT;
	return 0;
}

static struct timespec in_ms(uint32_t ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += (long)(ms % 1000) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

/* Both words in one system call; ENOSYS before Linux 5.16, and in some sandboxes. */
static int wait_two(const uint32_t *word, uint32_t seen, const uint32_t *own, uint32_t own_seen,
                    uint32_t timeout_ms)
{
#if defined(SYS_futex_waitv) && defined(FUTEX_32)
	struct futex_waitv words[] = {
		{ .val = seen, .uaddr = (uintptr_t)word, .flags = FUTEX_32 },
		{ .val = own_seen, .uaddr = (uintptr_t)own, .flags = FUTEX_32 },
	};
	struct timespec until = in_ms(timeout_ms);

	return syscall(SYS_futex_waitv, words, 2, 0, &until, CLOCK_MONOTONIC) < 0 ? errno : 0;
#else
	(void)word, (void)seen, (void)own, (void)own_seen, (void)timeout_ms;
	return ENOSYS;
#endif
}

int shm_sleep_either(const uint32_t *word, uint32_t seen, const uint32_t *own, uint32_t own_seen,
                     uint32_t timeout_ms)
{
	struct timespec time;
	int sys = wait_two(word, seen, own, own_seen, timeout_ms);

	if (sys == ENOSYS || sys == EPERM) {
		/* One word only: the other one is looked at by whoever calls again soon. */
		if (timeout_ms > SLICE_MS)
			timeout_ms = SLICE_MS;
		time = (struct timespec){ 0, (long)timeout_ms * 1000000 };
		sys = syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, NULL, 0) != 0 ? errno : 0;
		if (sys == ETIMEDOUT && timeout_ms == SLICE_MS)
			sys = 0;
	}
	return sys == EINTR ? SHM_INTERRUPTED : sys == ETIMEDOUT ? SHM_TIMEOUT : 0;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t shm_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t shm_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t shm_random(void)
{
	uint64_t value;

	/* Eight bytes come whole or not at all, and only before the system's first seed not. */
	while (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		;
	return value;
}

bool shm_user_id(uint32_t *uid, const char *name)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (getpwnam_r(name, &entry, room, sizeof(room), &found) != 0 || found == NULL)
		return false;
	*uid = (uint32_t)found->pw_uid;
	return true;
}
