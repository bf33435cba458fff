#include "reader/reader.h"

#include "base/atomic.h"
#include "base/error.h"
#include "reader/reader_state.h"

/*
 * What an instance and its feeds say of themselves, copied out of the catalog. Every
 * word is atomic by itself, and the words of one feed need not be of one moment: they
 * are for people and monitors, and no table is found by them.
 */

static void copy_name(char out[SHMPUB_FEED_MAX + 1], struct span name)
{
	size_t size = name.size <= SHMPUB_FEED_MAX ? name.size : SHMPUB_FEED_MAX;

	memset(out, 0, SHMPUB_FEED_MAX + 1);
	if (size > 0)
		memcpy(out, name.data, size);
}

static uint64_t word(const uint64_t *p)
{
	return load_relaxed_u64(p);
}

static int64_t moment(const int64_t *p)
{
	return (int64_t)load_relaxed_u64((const uint64_t *)p);
}

static bool is_listed(const struct catalog_slot *slot)
{
	uint32_t state;

	if (slot == NULL)
		return false;
	state = load_acquire_u32(&slot->state);
	return state >= SLOT_NEVER && state <= SLOT_FAILING;
}

static uint64_t count_feeds(const struct catalog *c)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < catalog_n_slots(c); i++)
		n += is_listed(catalog_slot_at(c, i));
	return n;
}

int reader_instance(struct shmpub_instance_info *out, struct shmpub_reader *r,
                    struct shmpub_error *err)
{
	const struct catalog_header *h;
	int res;

	*out = (struct shmpub_instance_info){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	h = catalog_header(&r->at.catalog);
	*out = (struct shmpub_instance_info){
		.epoch = h->epoch,
		.pid = word(&h->pid),
		.n_feeds = count_feeds(&r->at.catalog),
		.max_feeds = h->max_feeds,
		.segment_bytes = word(&h->segment_bytes),
		.held_bytes = word(&h->held_bytes),
		.started_ns = moment(&h->started_ns),
		.heartbeat_ns = (int64_t)word(&h->heartbeat_ns),
		.state = (enum shmpub_instance_state)load_acquire_u32(&h->state),
	};
	copy_name(out->instance, span_str(r->instance));
	return SHMPUB_OK;
}

static void take_descriptor(struct shmpub_feed_info *out, const struct catalog_slot *slot)
{
	struct catalog_descriptor d;

	if (!catalog_descriptor(&d, slot))
		return;
	out->sequence = d.sequence;
	out->size = d.size;
	out->rows = d.rows;
	out->columns = d.columns;
	out->published_ns = d.published_ns;
	out->source_mtime_ns = d.source_mtime_ns;
	out->source_size = d.source_size;
	out->read_ns = d.read_ns;
	out->parse_ns = d.parse_ns;
	out->skipped_rows = d.skipped_rows;
}

static void take_feed(struct shmpub_feed_info *out, const struct catalog_slot *slot)
{
	_Static_assert(SHMPUB_LINE_SIZE == CATALOG_ERROR_SIZE, "a line fits");

	*out = (struct shmpub_feed_info){
		.state = (enum shmpub_feed_state)load_acquire_u32(&slot->state),
		.interval_ms = word(&slot->interval_ms),
		.refreshes = word(&slot->refreshes),
		.unchanged = word(&slot->unchanged),
		.failures = word(&slot->failures),
		.consecutive_failures = word(&slot->consecutive_failures),
		.last_attempt_ns = moment(&slot->last_attempt_ns),
		.held_bytes = word(&slot->held_bytes),
	};
	copy_name(out->name, catalog_slot_name(slot));
	catalog_error(out->error, slot);
	take_descriptor(out, slot);
}

int reader_feed(struct shmpub_feed_info *out, struct shmpub_reader *r, struct span feed,
                struct shmpub_error *err)
{
	const struct catalog_slot *slot;
	int res;

	*out = (struct shmpub_feed_info){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	slot = reader_slot(r, feed);
	if (slot == NULL)
		return reader_no_feed(r, feed, err);
	take_feed(out, slot);
	return SHMPUB_OK;
}

int reader_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *r, uint32_t *position,
                     struct shmpub_error *err)
{
	int res;

	*out = (struct shmpub_feed_info){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	while (*position < catalog_n_slots(&r->at.catalog)) {
		const struct catalog_slot *slot = catalog_slot_at(&r->at.catalog, (*position)++);

		if (is_listed(slot)) {
			take_feed(out, slot);
			return SHMPUB_OK;
		}
	}
	return error_set(err, SHMPUB_NO_FEED, "no more feeds");
}
