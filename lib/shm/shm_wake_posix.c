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
