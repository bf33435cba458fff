#include "reader/reader.h"

#include "base/atomic.h"
#include "base/error.h"
#include "reader/reader_state.h"

/*
 * Sleeping until there is news. The wake word is loaded before the question "is there
 * news?" is asked, so news that comes between the question and the sleep changes the
 * word and ends the sleep at once. Nobody sleeps longer than a second: a publisher
 * that died can't wake its readers, and the next one may stand under the same name
 * with another catalog.
 */

#define SLEEP_MS 1000
#define SEEK_MS 100 /* while there is no publisher to be woken by */

struct deadline {
	bool is_set;
	int64_t at_ns;
};

static struct deadline deadline_in(int timeout_ms)
{
	return (struct deadline){ .is_set = timeout_ms >= 0,
		                  .at_ns = shm_monotonic_ns() + (int64_t)timeout_ms * 1000000 };
}

/* What is left of the time given, `most` at most; rounded up, so that 0 means passed. */
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

/* A word that nobody wakes stands in where there is no catalog to sleep on. */
static int nap(const struct deadline *d, const uint32_t *word, uint32_t seen, uint32_t most,
               struct shmpub_error *err)
{
	uint32_t nobody = 0;
	uint32_t ms = left_ms(d, most);

	if (ms == 0)
		return timed_out(err);
	if (word == NULL)
		(void)shm_sleep(&nobody, 0, ms);
	else
		(void)shm_sleep(word, seen, ms);
	return SHMPUB_OK;
}

static uint32_t patience(const struct shmpub_reader *r)
{
	return attachment_is_there(&r->at) && attachment_state(&r->at) != CATALOG_STOPPED ? SLEEP_MS
	                                                                                  : SEEK_MS;
}

/* One look and one sleep: SHMPUB_UNCHANGED asks for another. */
static int wait_once(struct shmpub_reader *r, struct span feed, const struct shmpub_mark *seen,
                     const struct deadline *d, struct shmpub_error *err)
{
	const struct catalog_slot *slot = NULL;
	const uint32_t *word = NULL;
	struct shmpub_mark newest;
	uint32_t value = 0;
	int res;

	res = reader_attach(r, err);
	if (res < 0)
		return res;
	if (res == SHMPUB_OK) {
		word = &catalog_header(&r->at.catalog)->wake;
		value = load_acquire_u32(word);
		slot = reader_slot(r, feed);
		if (slot == NULL && attachment_state(&r->at) == CATALOG_RUNNING)
			return reader_no_feed(r, feed, err);
	}
	if (slot != NULL) {
		word = &slot->wake;
		value = load_acquire_u32(word);
		newest = reader_mark(r, slot);
		if (reader_is_newer(&newest, seen))
			return SHMPUB_OK;
	}
	res = nap(d, word, value, patience(r), err);
	return res ? res : SHMPUB_UNCHANGED;
}

int reader_wait(struct shmpub_reader *r, struct span feed, const struct shmpub_mark *seen,
                int timeout_ms, struct shmpub_error *err)
{
	struct deadline d = deadline_in(timeout_ms);
	int res;

	do
		res = wait_once(r, feed, seen, &d, err);
	while (res == SHMPUB_UNCHANGED);
	return res;
}

/* Where the run of changes stands now: another epoch is a change, and so is an instance that went. */
static uint64_t place(const struct shmpub_reader *r, const uint32_t **word, uint32_t *value)
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
		now = place(r, &word, &value);
		if (now != *change) {
			*change = now;
			return SHMPUB_OK;
		}
		res = nap(&d, word, value, patience(r), err);
		if (res)
			return res;
	}
}
