#include "reader/liveness.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/atomic.h"

/*
 * The catalog of a publisher that was killed looks like that of a living one. Two independent signs
 * tell them apart: the kernel knows at once whether the publisher's process exists, and the
 * heartbeat also stops when the process hangs. Where neither can be known (the process is in
 * another namespace, and no heartbeat was promised), the publisher counts as alive.
 *
 * The words come from a file in which a hostile owner may have written any number: no value of them
 * may overflow here.
 */

#define MISSED_INTERVALS 3
#define LEAST_PATIENCE_MS 3000

static uint64_t patience_ms(uint64_t interval_ms)
{
	uint64_t ms;

	if (interval_ms > UINT64_MAX / MISSED_INTERVALS)
		return UINT64_MAX;
	ms = interval_ms * MISSED_INTERVALS;
	return ms > LEAST_PATIENCE_MS ? ms : LEAST_PATIENCE_MS;
}

/* Milliseconds since the last sign of life; 0 if its time lies in the future. */
static uint64_t silence_ms(const struct liveness_words *w, int64_t now_ns)
{
	int64_t last = w->heartbeat_ns > w->started_ns ? w->heartbeat_ns : w->started_ns;

	if (last >= now_ns)
		return 0;
	return ((uint64_t)now_ns - (uint64_t)last) / 1000000;
}

bool liveness_judge(char why[SHMPUB_WHY_SIZE], const struct liveness_words *w, enum shm_life life,
                    int64_t now_ns)
{
	uint64_t silent = silence_ms(w, now_ns);

	why[0] = '\0';
	if (w->state == CATALOG_STOPPED)
		(void)snprintf(why, SHMPUB_WHY_SIZE, "stopped");
	else if (life == SHM_LIFE_GONE)
		(void)snprintf(why, SHMPUB_WHY_SIZE, "no process %" PRIu64, w->process.pid);
	else if (w->interval_ms != 0 && silent > patience_ms(w->interval_ms))
		(void)snprintf(why, SHMPUB_WHY_SIZE, "no heartbeat for %" PRIu64 " s",
		               silent / 1000);
	return why[0] != '\0';
}

static int64_t moment(const void *word)
{
	return (int64_t)load_relaxed_u64(word);
}

static void read_words(struct liveness_words *out, const struct catalog_header *h)
{
	out->state = load_acquire_u32(&h->state);
	/*
	 * A publisher that takes over clears the namespace before it stores another pid. So a
	 * namespace that was loaded first belongs to the pid that is loaded after it, or to an
	 * older one.
	 */
	out->process.space = load_acquire_u64(&h->process_namespace);
	out->process.pid = load_relaxed_u64(&h->pid);
	out->process.start = load_relaxed_u64(&h->process_start);
	out->started_ns = moment(&h->started_ns);
	out->heartbeat_ns = moment(&h->heartbeat_ns);
	out->interval_ms = load_relaxed_u64(&h->heartbeat_interval_ms);
}

/* Of a publisher that has stopped the process does not matter: the system is not asked for it. */
static enum shm_life life_of(const struct liveness_words *w)
{
	return w->state == CATALOG_STOPPED ? SHM_LIFE_UNKNOWN : shm_process_life(&w->process);
}

bool liveness_is_gone(char why[SHMPUB_WHY_SIZE], const struct catalog_header *header)
{
	struct liveness_words words, again;
	enum shm_life life;

	read_words(&words, header);
	life = life_of(&words);
	if (life ==
	    SHM_LIFE_GONE) { /* or the next publisher was just storing its own pid: look again */
		read_words(&again, header);
		words = again;
		life = life_of(&words);
	}
	return liveness_judge(why, &words, life, shm_now_ns());
}
