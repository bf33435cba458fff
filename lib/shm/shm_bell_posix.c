#include "shm/shm_bell.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic.h"

/*
 * shm_bell.h on Linux. The futex is shared (no FUTEX_PRIVATE_FLAG): the kernel identifies
 * it by the page of the file, so it works through read-only mappings and across mount
 * namespaces.
 */

#define SLICE_MS 20u /* without futex_waitv(): how long to sleep before looking at the alarm */

int shm_bell_make(struct shm_bell *out, const struct shm_dir *dir, uint32_t *turn,
                  const struct shm_access *access, struct shmpub_error *err)
{
	(void)dir, (void)turn, (void)access, (void)err;
	*out = SHM_BELL_NONE;
	return SHMPUB_OK;
}

void shm_bell_open(struct shm_bell *out, const struct shm_dir *dir, const uint32_t *turn)
{
	(void)dir, (void)turn;
	*out = SHM_BELL_NONE;
}

void shm_bell_close(struct shm_bell *bell)
{
	*bell = SHM_BELL_NONE;
}

void shm_bell_wake(const uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void shm_bell_ring(const struct shm_bell *bell)
{
	(void)bell;
}

int shm_alarm_open(struct shm_alarm *out, struct shmpub_error *err)
{
	(void)err;
	*out = SHM_ALARM_NONE;
	return SHMPUB_OK;
}

void shm_alarm_close(struct shm_alarm *alarm)
{
	*alarm = SHM_ALARM_NONE;
}

void shm_alarm_raise(struct shm_alarm *alarm)
{
	add_release_u32(&alarm->count, 1);
	shm_bell_wake(&alarm->count);
}

uint32_t shm_alarm_count(const struct shm_alarm *alarm)
{
	return load_acquire_u32(&alarm->count);
}

static int wait_one(const uint32_t *word, uint32_t seen, uint32_t timeout_ms)
{
	struct timespec time = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000 };

	return syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, NULL, 0) != 0 ? errno : 0;
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

/*
 * Wait for both words in one system call. ENOSYS before Linux 5.16, ENOSYS or EPERM in sandboxes.
 */
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

static int wait_either(const struct shm_watch *w, uint32_t timeout_ms)
{
	uint32_t slice_ms = timeout_ms < SLICE_MS ? timeout_ms : SLICE_MS;
	int sys = wait_two(w->word, w->seen, &w->alarm->count, w->alarm_seen, timeout_ms);

	if (sys != ENOSYS && sys != EPERM)
		return sys;
	/* Wait for one word, but return soon: the caller looks at both and calls again. */
	sys = wait_one(w->word, w->seen, slice_ms);
	return sys == ETIMEDOUT && slice_ms < timeout_ms ? 0 : sys;
}

int shm_bell_wait(const struct shm_watch *watch, uint32_t timeout_ms)
{
	const uint32_t unused = 0; /* a futex that is never woken: only sleep */
	int sys;

	if (watch->word != NULL && watch->alarm != NULL)
		sys = wait_either(watch, timeout_ms);
	else if (watch->alarm != NULL)
		sys = wait_one(&watch->alarm->count, watch->alarm_seen, timeout_ms);
	else if (watch->word != NULL)
		sys = wait_one(watch->word, watch->seen, timeout_ms);
	else
		sys = wait_one(&unused, 0, timeout_ms);
	return sys == EINTR ? SHM_INTERRUPTED : sys == ETIMEDOUT ? SHM_TIMEOUT : 0;
}
