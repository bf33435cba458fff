#include "publisher/publisher_parts.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * A feed in its publisher: a slot of the catalog, the live segment under the feed's name,
 * and perhaps a spare segment.
 */

static const struct {
	enum slot_state before, after;
} adopted_states[] = {
	/*
	 * Of a feed whose snapshot was taken over: with a snapshot it is no longer new or removed.
	 */
	{ SLOT_FRESH, SLOT_FRESH }, { SLOT_STALE, SLOT_STALE },   { SLOT_FAILING, SLOT_FAILING },
	{ SLOT_NEVER, SLOT_FRESH }, { SLOT_REMOVED, SLOT_FRESH },
};

struct catalog_slot *feed_slot(const struct publisher_feed *f)
{
	return catalog_own_slot(&f->publisher->catalog, f->slot);
}

static void set_first_state(struct publisher_feed *f)
{
	struct publisher *p = f->publisher;
	struct catalog_slot *slot = feed_slot(f);
	enum slot_state before = (enum slot_state)load_relaxed_u32(&slot->state);
	enum slot_state after = f->sequence == 0 ? SLOT_NEVER : SLOT_STALE;

	for (size_t i = 0; f->live != NULL && i < ARRAY_LEN(adopted_states); i++) {
		if (adopted_states[i].before == before)
			after = adopted_states[i].after;
	}
	store_relaxed_u64(&slot->interval_ms, f->interval_ms);
	catalog_set_state(&p->catalog, slot, after);
	/*
	 * Also when the state stays the same: a reader that waits for a new feed sleeps on this
	 * word.
	 */
	add_release_u32(&catalog_header(&p->catalog)->wake, 1);
	catalog_wake(&p->catalog, slot);
}

static void link_feed(struct publisher_feed *f)
{
	struct publisher *p = f->publisher;

	f->next = p->feeds;
	f->link = &p->feeds;
	if (f->next != NULL)
		f->next->link = &f->next;
	p->feeds = f;
	p->by_slot[f->slot] = f;
}

size_t publisher_feeds_left(const struct publisher *p)
{
	return catalog_free_slots(&p->catalog);
}

int publisher_feed_open(struct publisher_feed **out, struct publisher *p, struct span name,
                        uint64_t interval_ms, const struct shm_access *access,
                        struct shmpub_error *err)
{
	struct publisher_feed *f;
	struct catalog_slot *slot;
	int r = hold_ensure(p, err);

	*out = NULL;
	if (r == 0)
		r = catalog_slot_take(&slot, &p->catalog, name, err);
	if (r != 0)
		return r;
	if (p->by_slot[catalog_slot_index(&p->catalog, slot)] != NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "feed %.*s: is open already",
		                 (int)name.size, name.data);
	f = mem_zalloc(1, sizeof(*f));
	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->publisher = p;
	f->slot = catalog_slot_index(&p->catalog, slot);
	f->generation = load_relaxed_u64(&slot->generation);
	f->floor = load_relaxed_u64(&catalog_header(&p->catalog)->sequence_floor);
	f->interval_ms = interval_ms;
	publisher_feed_set_access(f, access);
	memcpy(f->name, name.data, name.size);
	snprintf(f->file, sizeof(f->file), "%s.arrow", f->name);
	r = takeover_adopt(f, err);
	if (r != 0) {
		if (f->sequence == 0) /* the slot is new; else it keeps the state that it had */
			catalog_set_state(&p->catalog, slot, SLOT_REMOVED);
		mem_free(f);
		return r;
	}
	set_first_state(f);
	link_feed(f);
	publisher_store_usage(p);
	*out = f;
	return 0;
}

void feed_free(struct publisher_feed *f)
{
	segments_let_go(f->publisher, &f->retired);
	feed_drop_spare(f);
	if (f->is_recycler)
		f->publisher->n_recyclers--;
	mem_free(f);
}

/*
 * Remove FEED.arrow. The live segment is treated as a replaced one: it gets a hidden name, so that
 * it can be probed, and stays counted while readers have it.
 */
static void remove_name(struct publisher_feed *f)
{
	struct publisher *p = f->publisher;
	struct segment *s = f->live;
	bool exchanged, owns = hold_may_rename(p), stands = owns && publisher_feed_is_in_place(f);

	f->live = NULL;
	if (s != NULL) {
		segment_hidden_name(s->name, p, f->name);
		if (!stands || shm_place(&p->dir, f->file, s->name, &exchanged, NULL) != 0)
			s->name[0] = '\0';
		if (f->pending != NULL && f->pending->grown == s) /* a worker may write to it */
			f->pending->is_orphan = true;
		else
			segment_let_go(p, s);
	}
	if (owns)
		(void)shm_remove(&p->dir, f->file, NULL);
}

void publisher_feed_remove(struct publisher_feed *f)
{
	struct publisher *p = f->publisher;
	struct catalog_slot *slot = feed_slot(f);

	hold_check_lost(p);
	if (hold_may_write(p)) {
		catalog_raise_floor(&p->catalog, f->sequence);
		catalog_set_state(&p->catalog, slot, SLOT_REMOVED);
		catalog_wake(&p->catalog, slot);
	}
	remove_name(f);
	p->by_slot[f->slot] = NULL;
	*f->link = f->next;
	if (f->next != NULL)
		f->next->link = f->link;
	f->is_removed = true;
	publisher_store_usage(p);
	if (f->pending == NULL)
		feed_free(f);
}

struct span publisher_feed_name(const struct publisher_feed *f)
{
	return span_str(f->name);
}

uint64_t publisher_feed_sequence(const struct publisher_feed *f)
{
	return f->sequence;
}

void publisher_feed_set_interval(struct publisher_feed *f, uint64_t interval_ms)
{
	f->interval_ms = interval_ms;
	if (hold_may_write(f->publisher))
		store_relaxed_u64(&feed_slot(f)->interval_ms, interval_ms);
}

/* --- status words ------------------------------------------------------------------------------ */

void publisher_feed_set_overdue(struct publisher_feed *f, bool is_overdue)
{
	f->is_overdue = is_overdue;
}

void publisher_feed_set_files(struct publisher_feed *f, uint64_t n_files)
{
	if (hold_may_write(f->publisher))
		store_relaxed_u64(&feed_slot(f)->n_files, n_files);
}

void publisher_feed_set_stale(struct publisher_feed *f)
{
	struct catalog_slot *slot = feed_slot(f);

	if (!hold_may_write(f->publisher) || load_relaxed_u32(&slot->state) != SLOT_FRESH)
		return; /* SLOT_FAILING tells more than SLOT_STALE */
	catalog_set_state(&f->publisher->catalog, slot, SLOT_STALE);
	catalog_wake(&f->publisher->catalog, slot);
}

void publisher_feed_rests(struct publisher_feed *f)
{
	struct catalog_slot *slot = feed_slot(f);

	if (!hold_may_write(f->publisher))
		return;
	add_relaxed_u64(&slot->refreshes, 1);
	add_relaxed_u64(&slot->unchanged, 1);
	store_relaxed_u64((uint64_t *)&slot->last_attempt_ns, (uint64_t)shm_now_ns());
}

static enum slot_state state_after(const struct publisher_feed *f, enum refresh_result result)
{
	if (result == REFRESH_FAILED)
		return SLOT_FAILING;
	if (f->sequence == 0)
		return SLOT_NEVER;
	return f->is_overdue ? SLOT_STALE : SLOT_FRESH;
}

/*
 * The error line that the catalog may show: without cells, if not all its readers may read the
 * feed.
 */
static struct span public_line(char room[SHMPUB_ERROR_SIZE], const struct publisher_feed *f,
                               const struct shmpub_error *err)
{
	if (err == NULL)
		return SPAN_NONE;
	if (shm_access_covers(&f->access, &f->publisher->access))
		return span_str(err->message);
	error_public_message(room, err);
	return span_str(room);
}

static void set_line(struct publisher_feed *f, const struct shmpub_error *err)
{
	struct catalog_slot *slot = feed_slot(f);
	char old[CATALOG_ERROR_SIZE], room[SHMPUB_ERROR_SIZE];
	struct span line = public_line(room, f, err);

	catalog_error(old, slot);
	if (!span_is(line, old)) {
		catalog_set_error(slot, line);
		add_release_u32(&catalog_header(&f->publisher->catalog)->wake, 1);
	}
}

void publisher_feed_note(struct publisher_feed *f, const struct shmpub_error *err)
{
	set_line(f, err);
	catalog_wake(&f->publisher->catalog, NULL);
}

void publisher_feed_count_error(struct publisher_feed *f, const struct shmpub_error *err)
{
	struct publisher *p = f->publisher;

	if (hold_may_write(p) && hold_may_rename(p)) /* the table may have to be made */
		(void)error_table_count(&p->errors, &p->dir, &p->catalog, &p->access, f->slot, err,
		                        NULL);
}

void publisher_feed_report(struct publisher_feed *f, enum refresh_result result,
                           const struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct catalog_slot *slot = feed_slot(f);
	uint32_t before = load_relaxed_u32(&catalog_header(&p->catalog)->wake);

	if (!hold_may_write(p))
		return;
	add_relaxed_u64(&slot->refreshes, 1);
	store_relaxed_u64((uint64_t *)&slot->last_attempt_ns, (uint64_t)shm_now_ns());
	if (result == REFRESH_UNCHANGED)
		add_relaxed_u64(&slot->unchanged, 1);
	if (result == REFRESH_FAILED) {
		add_relaxed_u64(&slot->failures, 1);
		add_relaxed_u64(&slot->consecutive_failures, 1);
		if (err != NULL)
			publisher_feed_count_error(f, err);
	} else {
		store_relaxed_u64(&slot->consecutive_failures, 0);
	}
	set_line(f, err);
	catalog_set_state(&p->catalog, slot, state_after(f, result));
	if (load_relaxed_u32(&catalog_header(&p->catalog)->wake) != before)
		catalog_wake(&p->catalog, NULL);
}
