/*
 * What a platform must provide to wake readers in other processes. shm_bell_posix.c and
 * shm_bell_win32.c implement it.
 *
 * A publisher changes a word in shared memory, then rings the bell. A reader loads the word,
 * looks for a new snapshot, and waits until the word differs from what it loaded.
 *
 * On Linux the word itself (a futex) is enough, and the bell is empty. On Windows the bell of an
 * instance has named events. There each ring wakes all readers of the instance, and each reader
 * compares its own word.
 *
 * Threads:  a bell may be rung and waited for by any thread.
 * Lifetime: SHM_BELL_NONE and SHM_ALARM_NONE may be used and closed. On Windows a ring of
 *           SHM_BELL_NONE wakes nobody, and a wait with it compares the word again and again.
 * Errors:   SHMPUB_ERR_SYS with the call and the reason.
 */
#ifndef SHMPUB_SHM_BELL_H
#define SHMPUB_SHM_BELL_H

#include "shm/shm.h"

#define SHM_BELL_EVENTS 4

struct shm_bell {
	int events[SHM_BELL_EVENTS]; /* -1: none */
	uint32_t *turn;              /* in the catalog: the event that the next ring will set */
};
#define SHM_BELL_NONE ((struct shm_bell){ .events = { -1, -1, -1, -1 } })

/* For a publisher. `turn`: a word of the catalog that nothing else uses. */
int shm_bell_make(struct shm_bell *out, const struct shm_dir *dir, uint32_t *turn,
                  const struct shm_access *access, struct shmpub_error *err);
/*
 * For a reader. Without the events that cannot be opened, waits compare the word again and again.
 */
void shm_bell_open(struct shm_bell *out, const struct shm_dir *dir, const uint32_t *turn);
void shm_bell_close(struct shm_bell *bell);
/*
 * To be called after words were changed: shm_bell_wake() for each of them, then shm_bell_ring()
 * once. On Linux the former wakes the readers, on Windows the latter.
 */
void shm_bell_wake(const uint32_t *word);
void shm_bell_ring(const struct shm_bell *bell);

/* With this a process ends one of its own waits. */
struct shm_alarm {
	uint32_t count; /* [atomic] how often it was raised */
	int event;      /* Windows only */
};
#define SHM_ALARM_NONE ((struct shm_alarm){ .event = -1 })

int shm_alarm_open(struct shm_alarm *out, struct shmpub_error *err);
void shm_alarm_close(struct shm_alarm *alarm);
/* [any thread, signal handlers] */
void shm_alarm_raise(struct shm_alarm *alarm);
/* [any thread] */
uint32_t shm_alarm_count(const struct shm_alarm *alarm);

/* What ends a wait besides the timeout. */
struct shm_watch {
	const struct shm_bell *bell;
	const uint32_t *word;    /* another value than `seen`; NULL: no word */
	uint32_t seen;           /* the value before the caller looked for a new snapshot */
	struct shm_alarm *alarm; /* another count than `alarm_seen`; NULL: no alarm */
	uint32_t alarm_seen;
};

/*
 * Sleep until the word differs from `seen`, the alarm is raised, or the time has passed
 * (SHM_TIMEOUT). SHM_INTERRUPTED: a signal handler (without SA_RESTART) ran. May also return early
 * without a reason. Only one thread may wait for an alarm.
 */
int shm_bell_wait(const struct shm_watch *watch, uint32_t timeout_ms);

#endif
