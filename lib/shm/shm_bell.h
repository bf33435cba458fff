/*
 * What a platform must provide to wake readers in other processes. shm_bell_posix.c and
 * shm_bell_win32.c implement it.
 *
 * A publisher changes a word in shared memory, then rings. A reader loads the word, looks
 * whether there is news, and waits for the word to change.
 *
 * Linux needs nothing but the word (a futex); Windows has named events, one set for an instance,
 * and the bell of a catalog holds them. So there every ring wakes all readers of the
 * instance, each of whom looks at its own word.
 *
 * Threads:  a bell may be rung and waited for by any thread.
 * Lifetime: SHM_BELL_NONE and SHM_ALARM_NONE may be used and closed: a bell that is none is not
 *           heard by anybody where there are events, and waiting for it is a nap.
 * Errors:   SHMPUB_ERR_SYS with the call and the reason.
 */
#ifndef SHMPUB_SHM_BELL_H
#define SHMPUB_SHM_BELL_H

#include "shm/shm.h"

#define SHM_BELL_EVENTS 4

struct shm_bell {
	int events[SHM_BELL_EVENTS]; /* -1: none */
	uint32_t *turn;              /* in the catalog: which event is the next */
};
#define SHM_BELL_NONE ((struct shm_bell){ .events = { -1, -1, -1, -1 } })

/* For a publisher. `turn`: a word of the catalog that is the bell's own. */
int shm_bell_make(struct shm_bell *out, const struct shm_dir *dir, uint32_t *turn,
                  const struct shm_access *access, struct shmpub_error *err);
/* For a reader. What cannot be opened is left out: then waiting is a nap. */
void shm_bell_open(struct shm_bell *out, const struct shm_dir *dir, const uint32_t *turn);
void shm_bell_close(struct shm_bell *bell);
/*
 * Words were changed: wake whoever waits for each of them, then ring once for all. Linux wakes by the
 * word, Windows by the bell.
 */
void shm_bell_wake(const uint32_t *word);
void shm_bell_ring(const struct shm_bell *bell);

/* Ends the waits of this process. */
struct shm_alarm {
	uint32_t count; /* [atomic] how often it was raised */
	int event;
};
#define SHM_ALARM_NONE ((struct shm_alarm){ .event = -1 })

int shm_alarm_open(struct shm_alarm *out, struct shmpub_error *err);
void shm_alarm_close(struct shm_alarm *alarm);
/* [any thread, signal handlers] */
void shm_alarm_raise(struct shm_alarm *alarm);
/* [any thread] */
uint32_t shm_alarm_count(const struct shm_alarm *alarm);

/* What ends a wait, besides its time. */
struct shm_watch {
	const struct shm_bell *bell;
	const uint32_t *word;    /* NULL: none, as when there is no catalog */
	uint32_t seen;           /* ... the word when news was looked for */
	struct shm_alarm *alarm; /* NULL: none */
	uint32_t alarm_seen;     /* ... its count */
};

/*
 * Sleep until the word differs from what was seen, the alarm was raised again, or the time has
 * passed (SHM_TIMEOUT). SHM_INTERRUPTED: a signal handler (without SA_RESTART) ran. Spurious
 * returns are fine. One thread may wait for an alarm.
 */
int shm_bell_wait(const struct shm_watch *watch, uint32_t timeout_ms);

#endif
