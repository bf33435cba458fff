#include "reader/reader.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"
#include "base/hash.h"
#include "reader/reader_state.h"

/*
 * A reader takes no lock and writes nothing. It relies on the order in which a publisher
 * changes things: first the snapshot takes the feed's name, then the sequence grows,
 * then the wake word. So a reader that has seen a sequence finds that snapshot or a
 * newer one under the name, and a reader that loads the wake word before the sequence
 * and then sleeps on the word is woken by the next snapshot.
 *
 * A file system or a publisher may break that order, so the sequence in the snapshot's
 * own stamp is compared with that of the catalog. If the snapshot is older, the reader
 * maps the name again, ACQUIRE_TRIES times in all. If it still is older, the program
 * gets it, because it is a whole table, but with the mark of the catalog. With the mark
 * of its own stamp the catalog's sequence would always count as newer, and the program
 * would acquire the same table again and again.
 */

#define ACQUIRE_TRIES 5

static const char *given_or(const char *text, const char *otherwise)
{
	return text != NULL && text[0] != '\0' ? text : otherwise;
}

int reader_new(struct shmpub_reader **out, const struct shmpub_reader_options *options,
               struct shmpub_error *err)
{
	struct shmpub_reader_options none = { 0 };
	struct shmpub_reader *r;
	int res;

	*out = NULL;
	if (options == NULL)
		options = &none;
	r = mem_zalloc(1, sizeof(*r));
	if (r == NULL)
		return error_nomem(err, sizeof(*r));
	r->at = ATTACHMENT_NONE;
	r->interrupts = SHM_ALARM_NONE;
	r->directory = mem_copy(span_str(given_or(options->directory, SHMPUB_DIRECTORY)));
	r->instance = mem_copy(span_str(given_or(options->instance, SHMPUB_INSTANCE)));
	res = r->directory == NULL || r->instance == NULL
	              ? error_nomem(err, 0)
	              : trust_init(&r->trust, options->owner, options->owner_name, err);
	if (res == 0)
		res = shm_alarm_open(&r->interrupts, err);
	if (res) {
		reader_free(r);
		return res;
	}
	*out = r;
	return SHMPUB_OK;
}

void reader_free(struct shmpub_reader *r)
{
	if (r == NULL)
		return;
	attachment_close(&r->at);
	shm_alarm_close(&r->interrupts);
	mem_free(r->directory);
	mem_free(r->instance);
	mem_free(r);
}

void reader_interrupt(struct shmpub_reader *r)
{
	shm_alarm_raise(&r->interrupts);
}

int reader_attach(struct shmpub_reader *r, struct shmpub_error *err)
{
	return attachment_ensure(&r->at, r->directory, r->instance, &r->trust, err);
}

int reader_no_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_NO_FEED, "no feed %.*s in instance %s", (int)feed.size,
	                 feed.data, r->instance);
}

/*
 * A feed usually keeps its slot as long as the catalog exists, so a reader remembers the slot.
 * The generation tells whether the slot was given to another feed since.
 */
static bool is_known(const struct reader_known *known, struct span feed)
{
	return known->place.slot != NULL && span_is(feed, known->name) &&
	       load_acquire_u64(&known->place.slot->generation) == known->place.generation;
}

static bool find(struct reader_known *known, const struct catalog *c, struct span feed)
{
	struct reader_place *place = &known->place;

	place->slot = catalog_find(c, feed);
	if (place->slot == NULL || !catalog_slot_is(place->slot, feed, &place->generation)) {
		place->slot = NULL;
		return false;
	}
	memcpy(known->name, feed.data, feed.size);
	known->name[feed.size] = '\0';
	return true;
}

bool reader_slot(struct reader_place *out, struct shmpub_reader *r, struct span feed)
{
	struct reader_known *known = &r->slots[hash_bytes(feed, 0) % READER_SLOTS];
	uint32_t state;

	if (r->slots_attach_count != r->at.attach_count) {
		memset(r->slots, 0, sizeof(r->slots));
		r->slots_attach_count = r->at.attach_count;
	}
	if (!is_known(known, feed) && !find(known, &r->at.catalog, feed))
		return false;
	*out = known->place;
	state = load_acquire_u32(&out->slot->state);
	return state != SLOT_REMOVED && state != SLOT_FREE && reader_place_stays(out);
}

bool reader_place_stays(const struct reader_place *place)
{
	return catalog_slot_stays(place->slot, place->generation);
}

bool reader_mark(struct shmpub_mark *out, const struct shmpub_reader *r,
                 const struct reader_place *place)
{
	*out = (struct shmpub_mark){ .epoch = catalog_header(&r->at.catalog)->epoch,
		                     .sequence = load_acquire_u64(&place->slot->sequence) };
	if (reader_place_stays(place))
		return true;
	*out = (struct shmpub_mark){ 0 };
	return false;
}

bool reader_is_newer(const struct shmpub_mark *mark, const struct shmpub_mark *seen)
{
	if (mark->sequence == 0)
		return false;
	return seen == NULL || mark->epoch != seen->epoch || mark->sequence > seen->sequence;
}

int reader_newest(struct shmpub_mark *out, struct shmpub_reader *r, struct span feed,
                  struct shmpub_error *err)
{
	struct reader_place place;
	int res;

	*out = (struct shmpub_mark){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	/*
	 * reader_mark() fails when the slot was given to another feed: then this feed was removed.
	 */
	if (!reader_slot(&place, r, feed) || !reader_mark(out, r, &place))
		return reader_no_feed(r, feed, err);
	if (out->sequence == 0) {
		*out = (struct shmpub_mark){ 0 };
		return error_set(err, SHMPUB_ABSENT, "feed %.*s was never published",
		                 (int)feed.size, feed.data);
	}
	return SHMPUB_OK;
}

/*
 * True when the snapshot is at least as new as the mark `wanted`. A publisher with a new catalog
 * keeps the snapshots that it finds, so the same sequence may have another epoch.
 */
static bool is_current(const struct shmpub_mark *table, const struct shmpub_mark *wanted)
{
	return table->sequence == wanted->sequence ||
	       (table->epoch == wanted->epoch && table->sequence > wanted->sequence);
}

/* On SHMPUB_OK *out is a whole table, which may be older than `wanted`; else *out is unchanged. */
static int map_newest(struct shmpub_snapshot **out, struct shmpub_reader *r, struct span feed,
                      const struct shmpub_mark *wanted, struct shmpub_error *err)
{
	struct shmpub_snapshot *table = NULL;
	struct catalog_descriptor told;
	struct reader_place place;
	int res = SHM_ABSENT;

	for (int i = 0; i < ACQUIRE_TRIES; i++) {
		struct shmpub_snapshot *next;

		if (!reader_slot(&place, r, feed) || !catalog_descriptor(&told, place.slot))
			told = (struct catalog_descriptor){ 0 };
		res = held_new(&next, &r->at.dir, feed, &told, &r->trust, err);
		if (res == SHMPUB_ERR_NOMEM || res == SHMPUB_ERR_OWNER || res == SHMPUB_ERR_ACCESS)
			break;
		if (res)
			continue; /* the snapshot was replaced at this moment, or is broken */
		held_free(table);
		table = next;
		if (is_current(&table->stamp.mark, wanted))
			break;
	}
	if (table == NULL)
		return res;
	if (table->stamp.mark.epoch != wanted->epoch ||
	    table->stamp.mark.sequence < wanted->sequence) {
		table->stamp.mark = *wanted;
		table->stamp.first_sequence = 0; /* it speaks of the record's own mark */
	}
	*out = table;
	return SHMPUB_OK;
}

int reader_acquire(struct shmpub_snapshot **out, struct shmpub_reader *r, struct span feed,
                   const struct shmpub_mark *seen, struct shmpub_error *err)
{
	struct reader_place place;
	struct shmpub_mark newest;
	int res;

	*out = NULL;
	res = reader_newest(&newest, r, feed, err);
	if (res)
		return res;
	if (!reader_is_newer(&newest, seen))
		return error_set(err, SHMPUB_UNCHANGED, "nothing newer than sequence %llu",
		                 (unsigned long long)newest.sequence);
	res = map_newest(out, r, feed, &newest, err);
	if (res != SHM_ABSENT)
		return res;
	if (!reader_slot(&place, r, feed))
		return reader_no_feed(r, feed, err);
	return error_set(err, SHMPUB_ABSENT, "the snapshot of feed %.*s is gone", (int)feed.size,
	                 feed.data);
}
