#include "reader/reader.h"

#include "base/atomic.h"
#include "base/error.h"
#include "reader/reader_state.h"

/*
 * Sleeping until there is a new snapshot. A wait first loads the wake word, then looks
 * for a new snapshot, then sleeps until the word differs from the loaded value. A
 * snapshot that comes between the look and the sleep changes the word, and the sleep
 * ends at once. No sleep is longer than a second: a publisher that died cannot wake its
 * readers, and the next one may have made another catalog.
 *
 * A wait goes on when the feed does not exist, because readers may start before the publisher. It
 * ends with SHMPUB_NO_FEED only when a publisher lives, runs, and has not had the feed for
 * GRACE_NS: docs/FORMAT.md, "Waiting for a feed that is not there".
 */

#define SLEEP_MS 1000
#define SEEK_MS 100 /* instead, while there is no publisher that could wake the reader */
#define GRACE_NS ((int64_t)SHMPUB_GRACE_MS * 1000000)

struct deadline {
	bool is_set;
	int64_t at_ns;
};

static struct deadline deadline_in(int timeout_ms)
{
	return (struct deadline){ .is_set = timeout_ms >= 0,
		                  .at_ns = shm_monotonic_ns() + (int64_t)timeout_ms * 1000000 };
}

/* The time until the deadline, at most `most`. Rounded up: only 0 means that it has passed. */
static uint32_t left_ms(const struct deadline *d, uint32_t most)
{
	int64_t left;

	if (!d->is_set)
		return most;
	left = d->at_ns - shm_monotonic_ns();
	if (left <= 0)
		return 0;
	left = (left + 999999) / 1000000;
	return left < most ? (uint32_t)left : most;
}

static int timed_out(struct shmpub_error *err)
{
	return error_set(err, SHMPUB_TIMED_OUT, "nothing new in the time given");
}

/* True once for all calls of reader_interrupt() since the last time. */
static bool take_interrupt(struct shmpub_reader *r)
{
	uint32_t asked = shm_alarm_count(&r->interrupts);
	bool is = asked != r->interrupts_taken;

	r->interrupts_taken = asked;
	return is;
}

/*
 * Sleep until the word differs from `seen`, the program interrupts the wait, or `most` ms have
 * passed. word NULL: there is no catalog, so only time and interrupts end the sleep.
 */
static int nap(struct shmpub_reader *r, const struct deadline *d, const uint32_t *word,
               uint32_t seen, uint32_t most, struct shmpub_error *err)
{
	const struct shm_watch watch = { .bell = &r->at.catalog.bell,
		                         .word = word,
		                         .seen = seen,
		                         .alarm = &r->interrupts,
		                         .alarm_seen = r->interrupts_taken };
	uint32_t ms = left_ms(d, most);

	if (take_interrupt(r))
		return error_set(err, SHMPUB_INTERRUPTED, "the wait was ended by the program");
	if (ms == 0)
		return timed_out(err);
	if (shm_bell_wait(&watch, ms) == SHM_INTERRUPTED)
		return error_set(err, SHMPUB_INTERRUPTED, "the wait was ended by a signal");
	return SHMPUB_OK;
}

static uint32_t longest_nap_ms(const struct shmpub_reader *r)
{
	return attachment_is_there(&r->at) && attachment_state(&r->at) != CATALOG_STOPPED ? SLEEP_MS
	                                                                                  : SEEK_MS;
}

/* The state of one call of reader_wait(). */
struct wait {
	const struct shmpub_mark *seen;
	struct deadline deadline;
	uint64_t attach_count; /* r->at.attach_count when the members below were set */
	bool was_there;        /* the feed existed at an earlier look */
	bool is_missed;        /* a living publisher does not have the feed, ... */
	int64_t missed_ns;     /* ... since this time, monotonic */
};

/* Called when there is no such feed. True: the wait ends with SHMPUB_NO_FEED. */
static bool is_hopeless(struct wait *w, struct shmpub_reader *r)
{
	char why[SHMPUB_WHY_SIZE];
	int64_t now;

	if (attachment_state(&r->at) != CATALOG_RUNNING ||
	    liveness_is_gone(why, catalog_header(&r->at.catalog))) {
		w->is_missed = false;
		return false;
	}
	if (w->was_there || left_ms(&w->deadline, 1) == 0)
		return true;
	now = shm_monotonic_ns();
	if (!w->is_missed)
		w->missed_ns = now;
	w->is_missed = true;
	return now - w->missed_ns >= GRACE_NS;
}

/* How long the next sleep may be: not beyond the end of the time of grace. */
static uint32_t nap_ms(const struct wait *w, const struct shmpub_reader *r)
{
	uint32_t most = longest_nap_ms(r);
	int64_t left;

	if (!w->is_missed)
		return most;
	left = (w->missed_ns + GRACE_NS - shm_monotonic_ns()) / 1000000 + 1;
	return left < (int64_t)most ? (uint32_t)(left > 0 ? left : 1) : most;
}

/* Look once and sleep once. SHMPUB_UNCHANGED: the caller is to call again. */
static int wait_once(struct shmpub_reader *r, struct span feed, struct wait *w,
                     struct shmpub_error *err)
{
	struct reader_place place;
	const uint32_t *word = NULL;
	struct shmpub_mark newest;
	bool is_found = false;
	uint32_t value = 0;
	int res;

	res = reader_attach(r, err);
	if (res < 0)
		return res;
	if (res == SHMPUB_OK) {
		word = &catalog_header(&r->at.catalog)->wake;
		value = load_acquire_u32(word);
		is_found = reader_slot(&place, r, feed);
		if (w->attach_count != r->at.attach_count)
			w->was_there = w->is_missed = false;
		w->attach_count = r->at.attach_count;
		if (!is_found && is_hopeless(w, r))
			return reader_no_such_feed(r, feed, err);
	}
	if (is_found) {
		w->was_there = true;
		w->is_missed = false;
		word = &place.slot->wake;
		value = load_acquire_u32(word);
		if (reader_mark(&newest, r, &place) && reader_is_newer(&newest, w->seen))
			return SHMPUB_OK;
	}
	res = nap(r, &w->deadline, word, value, nap_ms(w, r), err);
	return res ? res : SHMPUB_UNCHANGED;
}

int reader_wait(struct shmpub_reader *r, struct span feed, const struct shmpub_mark *seen,
                int timeout_ms, struct shmpub_error *err)
{
	struct wait w = { .seen = seen, .deadline = deadline_in(timeout_ms) };
	int res;

	do
		res = wait_once(r, feed, &w, err);
	while (res == SHMPUB_UNCHANGED);
	return res;
}

/*
 * A number that differs from the one before when any feed has changed, when the catalog was
 * replaced (another epoch) or when the instance is gone. Also the wake word to sleep on, and its
 * value.
 */
static uint64_t change_now(const struct shmpub_reader *r, const uint32_t **word, uint32_t *value)
{
	const struct catalog_header *h;

	*word = NULL;
	*value = 0;
	if (!attachment_is_there(&r->at))
		return 1;
	h = catalog_header(&r->at.catalog);
	*word = &h->wake;
	*value = load_acquire_u32(*word);
	return ((h->epoch ^ (h->epoch >> 32)) | 1) << 32 | *value;
}

int reader_wait_any(struct shmpub_reader *r, uint64_t *change, int timeout_ms,
                    struct shmpub_error *err)
{
	struct deadline d = deadline_in(timeout_ms);
	const uint32_t *word;
	uint32_t value;
	uint64_t now;
	int res;

	for (;;) {
		res = reader_attach(r, err);
		if (res < 0)
			return res;
		now = change_now(r, &word, &value);
		if (now != *change) {
			*change = now;
			return SHMPUB_OK;
		}
		res = nap(r, &d, word, value, longest_nap_ms(r), err);
		if (res)
			return res;
	}
}
