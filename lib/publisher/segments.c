#include "publisher/publisher_parts.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * The life of a segment: it is made under a hidden name, filled, and takes the feed's
 * name. When the next snapshot replaces it, it gets a hidden name again. Then it becomes
 * the feed's spare, or it is dropped as soon as no reader has it.
 *
 * A reader may keep a replaced segment mapped for ever, and the kernel keeps the memory,
 * so its bytes stay counted. To find out whether a reader has it, the publisher asks the
 * kernel for a write lease, which is granted only when nobody else has the file open or
 * mapped. That needs only the hidden name, so held segments cost no descriptors. Where
 * leases do not work, this cannot be known: replaced segments are dropped and not counted.
 *
 * Freeing the pages of a large segment takes milliseconds. So the loop thread does not do
 * it when it commits: the worker of the next publication does, or the next heartbeat.
 */

#define MAGIC_SIZE 8

uint64_t whole_pages(const struct publisher *p, uint64_t size)
{
	return (size + p->page_size - 1) / p->page_size * p->page_size;
}

int budget_take(struct publisher *p, uint64_t bytes, struct shmpub_error *err)
{
	uint64_t used = add_relaxed_u64(&p->used_bytes, bytes), held;

	if (p->max_bytes == 0 || used <= p->max_bytes)
		return 0;
	used = sub_relaxed_u64(&p->used_bytes, bytes);
	held = load_relaxed_u64(&p->held_bytes);
	return error_set(
	        err, SHMPUB_ERR_LIMIT,
	        "%llu bytes more than max_bytes (%llu) allows: snapshots and spares take %llu, "
	        "readers hold %llu of replaced snapshots",
	        (unsigned long long)bytes, (unsigned long long)p->max_bytes,
	        (unsigned long long)(used > held ? used - held : 0), (unsigned long long)held);
}

void budget_give(struct publisher *p, uint64_t bytes)
{
	sub_relaxed_u64(&p->used_bytes, bytes);
}

void segment_hidden_name(char out[SEGMENT_NAME_SIZE], struct publisher *p, const char *feed)
{
	snprintf(out, SEGMENT_NAME_SIZE, ".%s.%llu", feed, (unsigned long long)p->next_number++);
}

int segment_create(struct segment **out, const struct publisher_feed *f, const char *name,
                   size_t size, const struct shm_access *access, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct segment *s = mem_zalloc(1, sizeof(*s));
	uint64_t bytes = whole_pages(p, size);
	int r;

	*out = NULL;
	if (s == NULL)
		return error_nomem(err, sizeof(*s));
	r = room_check(p, bytes, err);
	if (r == 0)
		r = budget_take(p, bytes, err);
	if (r != 0) {
		mem_free(s);
		return r;
	}
	r = room_explain(shm_create(&s->map, &p->dir, name, size, access, err), p, err);
	if (r != 0) {
		budget_give(p, bytes);
		mem_free(s);
		return r;
	}
	s->bytes = bytes;
	s->slot = f->slot;
	s->generation = f->generation;
	memcpy(s->name, name, strlen(name) + 1);
	*out = s;
	return 0;
}

/* False when the name means another file by now, and in a child of fork(). */
static bool may_remove(const struct publisher *p, const struct segment *s)
{
	if (s->map.fd >= 0)
		return shm_lock_is_ours(p->lock) && shm_map_is_in_place(&s->map, &p->dir, s->name);
	return hold_may_rename(p);
}

void segment_unname(const struct publisher *p, struct segment *s)
{
	if (s->name[0] != '\0' && may_remove(p, s))
		(void)shm_remove(&p->dir, s->name, NULL); /* on failure: takeover_clean() does it */
	s->name[0] = '\0';
}

void segment_end_growth(struct publisher *p, struct segment *s)
{
	if (s->writer == NULL)
		return;
	p->n_growing--;
	snapshot_writer_free(s->writer);
	s->writer = NULL;
}

void segment_drop(struct publisher *p, struct segment *s)
{
	if (s == NULL)
		return;
	segment_end_growth(p, s);
	segment_unname(p, s);
	shm_discard(&s->map);
	budget_give(p, s->bytes);
	mem_free(s);
}

int segment_probe(const struct publisher *p, const struct segment *s)
{
	if (!load_relaxed_u32(&p->has_leases) || !shm_lock_is_ours(p->lock))
		return SHMPUB_ERR_SYS; /* a child would ask with its parent's leases */
	if (s->map.fd >= 0)
		return shm_probe(&s->map);
	return s->name[0] != '\0' ? shm_probe_name(&p->dir, s->name) : 0;
}

struct segment *segments_drop_free(struct publisher *p, struct segment *list)
{
	struct segment *busy = NULL;

	while (list != NULL) {
		struct segment *s = list;

		list = s->next;
		if (segment_probe(p, s) == SHM_BUSY) {
			s->next = busy;
			busy = s;
		} else {
			segment_drop(p, s);
		}
	}
	return busy;
}

void segment_spoil(struct shm_map *map)
{
	if (map->size < 2 * MAGIC_SIZE)
		return;
	memset(map->addr, 0, MAGIC_SIZE);
	memset((char *)map->addr + map->size - MAGIC_SIZE, 0, MAGIC_SIZE);
	fence_release();
}

/* --- held by readers --------------------------------------------------------------------------- */

static void set_held(struct publisher *p, struct segment *s, bool is_held)
{
	struct catalog_slot *slot = (struct catalog_slot *)catalog_slot_at(&p->catalog, s->slot);

	if (s->is_held == is_held)
		return;
	s->is_held = is_held;
	if (is_held)
		add_relaxed_u64(&p->held_bytes, s->bytes);
	else
		sub_relaxed_u64(&p->held_bytes, s->bytes);
	if (slot == NULL || !hold_may_write(p) ||
	    load_relaxed_u64(&slot->generation) != s->generation)
		return; /* the slot belongs to another feed by now */
	if (is_held)
		add_relaxed_u64(&slot->held_bytes, s->bytes);
	else
		sub_relaxed_u64(&slot->held_bytes, s->bytes);
}

static void append(struct segment_list *list, struct segment *s)
{
	s->next = NULL;
	*list->end = s;
	list->end = &s->next;
}

void segment_let_go(struct publisher *p, struct segment *s)
{
	if (s == NULL)
		return;
	segment_end_growth(p, s);
	if (segment_probe(p, s) == SHM_BUSY && s->name[0] != '\0') {
		shm_discard(&s->map);
		set_held(p, s, true);
		append(&p->held, s);
		return;
	}
	set_held(p, s, false);
	segment_drop(p, s);
}

void segments_let_go(struct publisher *p, struct segment **list)
{
	while (*list != NULL) {
		struct segment *s = *list;

		*list = s->next;
		segment_let_go(p, s);
	}
}

void held_sweep(struct publisher *p, size_t most)
{
	struct segment *list = p->held.first, *s;

	p->held.first = NULL;
	p->held.end = &p->held.first;
	for (; list != NULL && most > 0; most--) {
		s = list;
		list = s->next;
		segment_let_go(p, s); /* drops it, or appends it to p->held again */
	}
	if (list == NULL)
		return;
	/* The segments that were not probed this time come first the next time. */
	for (s = list; s->next != NULL; s = s->next)
		;
	s->next = p->held.first;
	if (p->held.first == NULL)
		p->held.end = &s->next;
	p->held.first = list;
}

/* --- the spare --------------------------------------------------------------------------------- */

bool feed_recycles(struct publisher_feed *f)
{
	struct publisher *p = f->publisher;
	bool may = !f->is_removed && load_relaxed_u32(&p->has_leases) && p->spare_limit > 0 &&
	           f->interval_ms <= SPARE_INTERVAL_MS;

	if (may && !f->is_recycler && p->n_recyclers >= p->max_recyclers)
		may = false; /* each needs two descriptors, and there are not enough */
	if (may != f->is_recycler)
		p->n_recyclers += may ? 1 : (size_t)-1;
	f->is_recycler = may;
	return may;
}

void feed_drop_spare(struct publisher_feed *f)
{
	struct segment *s = f->spare;

	f->spare = NULL;
	if (s == NULL)
		return;
	f->publisher->spare_bytes -= s->bytes;
	segment_let_go(f->publisher, s);
}

void feed_push_retired(struct publisher_feed *f, struct segment *s)
{
	s->next = f->retired;
	f->retired = s;
	f->publisher->has_replaced = true;
}

void feed_retire(struct publisher_feed *f, struct segment *s)
{
	struct publisher *p = f->publisher;

	segment_end_growth(p, s);
	s->replaced_ns = shm_monotonic_ns();
	s->is_free = false;
	if (f->spare != NULL && f->spare->is_held)
		feed_drop_spare(f); /* a reader has it: the newly replaced one may be free sooner */
	if (f->spare != NULL || s->map.fd < 0 || s->name[0] == '\0' || !feed_recycles(f) ||
	    s->bytes > p->spare_limit - p->spare_bytes) {
		feed_push_retired(f, s);
		return;
	}
	p->spare_bytes += s->bytes;
	p->has_replaced = true;
	f->spare = s;
}

/*
 * Find out whether readers have the spare, until nobody has. No new reader comes to a replaced
 * segment, except one that had already looked up its name; REST_NS is time enough for that.
 */
static void probe_spare(struct publisher_feed *f, int64_t now_ns)
{
	struct segment *s = f->spare;
	int r;

	if (s == NULL || s->is_free || now_ns - s->replaced_ns < REST_NS)
		return;
	r = segment_probe(f->publisher, s);
	if (r < 0)
		store_relaxed_u32(&f->publisher->has_leases, 0);
	s->is_free = r == 0;
	set_held(f->publisher, s, r == SHM_BUSY);
}

void publisher_free_spares(struct publisher *p)
{
	for (struct publisher_feed *f = p->feeds; f != NULL; f = f->next) {
		segments_let_go(p, &f->retired);
		feed_drop_spare(f);
	}
	held_sweep(p, SIZE_MAX);
}

void publisher_store_usage(struct publisher *p)
{
	struct catalog_header *h = catalog_header(&p->catalog);
	uint64_t used = load_relaxed_u64(&p->used_bytes), held = load_relaxed_u64(&p->held_bytes);

	if (!hold_may_write(p))
		return;
	store_relaxed_u64(&h->segment_bytes, used > held ? used - held : 0);
	store_relaxed_u64(&h->held_bytes, held);
}

/* Returns true if some feed still has a spare. While feeds rest, none has. */
static bool tend_replaced(struct publisher *p, int64_t now_ns)
{
	bool has_spares = false;

	for (struct publisher_feed *f = p->feeds; f != NULL; f = f->next) {
		segments_let_go(p, &f->retired);
		if (f->spare != NULL &&
		    (!feed_recycles(f) || now_ns - f->spare->replaced_ns > SPARE_KEEP_NS))
			feed_drop_spare(f);
		probe_spare(f, now_ns);
		has_spares |= f->spare != NULL;
	}
	return has_spares;
}

void publisher_heartbeat(struct publisher *p, int64_t now_ns)
{
	if (!hold_may_rename(p) && hold_ensure(p, NULL) != 0)
		hold_check_lost(p);
	if (!hold_may_write(p))
		return;
	if (p->has_replaced)
		p->has_replaced = tend_replaced(p, shm_monotonic_ns());
	held_sweep(p, HELD_PROBES);
	publisher_store_usage(p);
	store_relaxed_u64(&catalog_header(&p->catalog)->resident_bytes, shm_resident_bytes());
	store_relaxed_u64(&catalog_header(&p->catalog)->heartbeat_ns, (uint64_t)now_ns);
}
