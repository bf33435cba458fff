#include "reader/reader.h"

#include "base/atomic.h"
#include "base/error.h"
#include "base/nearest.h"
#include "reader/reader_state.h"

/*
 * The states and counters of an instance and its feeds, copied from the catalog. Each
 * word is loaded atomically, but the words of one feed may belong to different moments.
 * That is good enough for people and monitors; readers find their tables without them.
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

	for (uint32_t i = 0; catalog_has_slot(c, i); i++)
		n += is_listed(catalog_slot_at(c, i));
	return n;
}

/* The most similar name so far is copied: the catalog may change while the loop runs. */
int reader_no_such_feed(const struct shmpub_reader *r, struct span feed, struct shmpub_error *err)
{
	char name[CATALOG_NAME_SIZE], best[CATALOG_NAME_SIZE];
	struct nearest near = nearest_to(feed);
	uint64_t generation;

	for (uint32_t i = 0; catalog_has_slot(&r->at.catalog, i); i++) {
		const struct catalog_slot *slot = catalog_slot_at(&r->at.catalog, i);

		if (!is_listed(slot) || !catalog_slot_named(name, &generation, slot))
			continue;
		nearest_offer(&near, name);
		if (near.name == name) {
			memcpy(best, name, sizeof(best));
			near.name = best;
		}
	}
	if (near.name == NULL)
		return reader_no_feed(r, feed, err);
	return error_set(err, SHMPUB_NO_FEED, "no feed %.*s in instance %s; %s is one",
	                 (int)feed.size, feed.data, r->instance, near.name);
}

/*
 * True when the publisher is gone. Asking the kernel for its process takes system calls, so a loop
 * over all feeds asks only for the first one (`is_asked`), and again when the catalog was replaced.
 */
static bool is_gone(struct shmpub_reader *r, bool is_asked)
{
	if (is_asked || r->judged_attach_count != r->at.attach_count) {
		(void)liveness_is_gone(r->why_gone, catalog_header(&r->at.catalog));
		r->judged_attach_count = r->at.attach_count;
	}
	return r->why_gone[0] != '\0';
}

static enum shmpub_instance_state instance_state(struct shmpub_reader *r)
{
	uint32_t state = attachment_state(&r->at);

	if (!is_gone(r, true))
		return (enum shmpub_instance_state)state;
	return state == CATALOG_STOPPED ? SHMPUB_STOPPED : SHMPUB_GONE;
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
		.max_feeds = r->at.catalog.max_feeds,
		.segment_bytes = word(&h->segment_bytes),
		.held_bytes = word(&h->held_bytes),
		.started_ns = moment(&h->started_ns),
		.heartbeat_ns = (int64_t)word(&h->heartbeat_ns),
		.state = instance_state(r),
		.heartbeat_interval_ms = word(&h->heartbeat_interval_ms),
		.max_bytes = word(&h->max_bytes),
		.resident_bytes = word(&h->resident_bytes),
		.config_loads = word(&h->config_loads),
		.config_load_ns = moment(&h->config_load_ns),
		.config_good_ns = moment(&h->config_good_ns),
		.config_result = (enum shmpub_config_result)word(&h->config_result),
	};
	copy_name(out->instance, span_str(r->instance));
	memcpy(out->why_gone, r->why_gone, sizeof(out->why_gone));
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

static void take_feed(struct shmpub_feed_info *out, const struct catalog_slot *slot, bool is_gone)
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
		.n_files = word(&slot->n_files),
	};
	catalog_error(out->error, slot);
	take_descriptor(out, slot);
	if (is_gone)
		out->state = SHMPUB_FEED_GONE;
}

/*
 * Copy the words of one feed; false when the slot is free, or is given to another feed meanwhile.
 */
static bool take_named(struct shmpub_feed_info *out, const struct catalog_slot *slot, bool is_gone)
{
	char name[CATALOG_NAME_SIZE];
	uint64_t generation;

	if (!catalog_slot_named(name, &generation, slot))
		return false;
	take_feed(out, slot, is_gone);
	copy_name(out->name, span_str(name));
	return catalog_slot_stays(slot, generation);
}

int reader_feed(struct shmpub_feed_info *out, struct shmpub_reader *r, struct span feed,
                struct shmpub_error *err)
{
	struct reader_place place;
	int res;

	*out = (struct shmpub_feed_info){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	if (reader_slot(&place, r, feed)) {
		take_feed(out, place.slot, is_gone(r, true));
		copy_name(out->name, feed);
		if (reader_place_stays(&place))
			return SHMPUB_OK;
		*out = (struct shmpub_feed_info){ 0 };
	}
	return reader_no_such_feed(r, feed, err);
}

int reader_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *r, uint32_t *position,
                     struct shmpub_error *err)
{
	bool gone;
	int res;

	*out = (struct shmpub_feed_info){ 0 };
	res = reader_attach(r, err);
	if (res)
		return res;
	gone = is_gone(r, *position == 0);
	while (catalog_has_slot(&r->at.catalog, *position)) {
		const struct catalog_slot *slot = catalog_slot_at(&r->at.catalog, (*position)++);

		if (is_listed(slot) && take_named(out, slot, gone))
			return SHMPUB_OK;
	}
	*out = (struct shmpub_feed_info){ 0 };
	return error_set(err, SHMPUB_NO_FEED, "no more feeds");
}
