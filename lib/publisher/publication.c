#include "publisher/publisher_parts.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * The making of one snapshot: the loop thread begins it, a worker writes it, the loop
 * thread commits it. The worker uses of the publisher only members that never change and
 * the atomic counters of bytes. Segments that only the loop thread may deal with are left
 * in `retired` until the publication is back there.
 *
 * Recycling. The worker takes a write lease on the spare before it changes a byte, and
 * gives it back when the segment is sealed. A reader that looked the file up while it had
 * the feed's name, and opens it only now, has to wait for the lease. If it waits too long,
 * the kernel takes the lease away and lets the reader in. Then the reader finds no magic
 * at either end, because the magic is overwritten first and written last, and refuses the
 * file. The worker notices the lost lease at the seal: it copies the snapshot into a new
 * segment and never changes the old one again.
 *
 * If the publication is discarded (the source has not changed after all, or has an error),
 * the segment becomes the feed's spare again, even if a part of it was overwritten: without
 * the magic no reader takes it for a snapshot, and it is filled again only under another
 * lease. If the lease was lost, or the segment was too small, it is emptied and dropped.
 *
 * The sequence is chosen when the publication begins, because it is part of the file. It
 * must differ in its last bit from the catalog's sequence, since the catalog has one
 * descriptor for even and one for odd sequences. And a sequence that a sealed segment has
 * is never used again, even if that segment was not committed.
 */

/* --- loop: begin ------------------------------------------------------------------------------- */

static uint64_t next_sequence(const struct publisher_feed *f)
{
	uint64_t current = load_relaxed_u64(&feed_slot(f)->sequence);
	uint64_t next = f->sequence > f->floor ? f->sequence : f->floor;

	next = (next > current ? next : current) + 1;
	if (current != 0 && ((next ^ current) & 1) == 0)
		next++;
	return next;
}

/*
 * A user who was allowed to open the spare's old snapshot may be waiting for the lease, and sees
 * the new snapshot when the lease is given back. So the spare may be used only if all users may
 * read the new one, or the same users as before.
 */
static bool may_be_filled(const struct segment *s, const struct shm_access *access)
{
	return (access->mode & 044) == 044 || shm_access_equal(&s->access, access);
}

static void take_spare(struct publication *pub, struct publisher_feed *f)
{
	struct segment *s = f->spare;

	if (s == NULL || shm_monotonic_ns() - s->replaced_ns < REST_NS || s->is_held)
		return;
	if (!may_be_filled(s, &f->access)) {
		feed_drop_spare(f);
		return;
	}
	f->publisher->spare_bytes -= s->bytes;
	f->spare = NULL;
	pub->spare = s;
}

/*
 * The snapshot will probably need as much memory as the last one. If max_bytes does not allow that,
 * free the memory that is only kept for speed.
 */
static void make_room(struct publisher_feed *f, uint64_t had)
{
	struct publisher *p = f->publisher;
	uint64_t want = f->live != NULL ? f->live->bytes : 0;

	if (f->wanted_bytes > want)
		want = f->wanted_bytes;
	want = want > had ? want - had : 0;
	if ((p->max_bytes != 0 && load_relaxed_u64(&p->used_bytes) + want > p->max_bytes) ||
	    room_is_short(p, want))
		publisher_free_spares(p);
	else
		held_sweep(p, HELD_PROBES / 4);
}

int publication_begin(struct publication **out, struct publisher_feed *f, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct publication *pub;
	int r = publisher_check(p, err);

	*out = NULL;
	if (r != 0)
		return r;
	if (f->pending != NULL || f->is_removed)
		return error_set(err, SHMPUB_ERR_INVALID, "feed %s: %s", f->name,
		                 f->is_removed ? "removed" : "a publication is on its way");
	pub = mem_zalloc(1, sizeof(*pub));
	if (pub == NULL)
		return error_nomem(err, sizeof(*pub));
	pub->publisher = p;
	pub->feed = f;
	pub->access = f->access;
	pub->sequence = next_sequence(f);
	pub->epoch = publisher_epoch(p);
	pub->number = p->next_number;
	segment_hidden_name(pub->name, p, f->name);
	growing_begin(pub);
	take_spare(pub, f);
	make_room(f, pub->spare != NULL ? pub->spare->bytes : 0);
	pub->retired = f->retired;
	f->retired = NULL;
	f->pending = pub;
	p->n_pending++;
	*out = pub;
	return 0;
}

void publication_set_max_bytes(struct publication *pub, uint64_t max_bytes)
{
	pub->max_bytes = max_bytes;
}

void publication_stamp(const struct publication *pub, struct snapshot_stamp *stamp)
{
	stamp->sequence = pub->sequence;
	stamp->epoch = pub->epoch;
}

/* --- worker: memory ---------------------------------------------------------------------------- */

static void push(struct segment **list, struct segment *s)
{
	s->next = *list;
	*list = s;
}

static void segment_forget(struct segment *s)
{
	shm_discard(&s->map);
	s->name[0] = '\0';
}

static bool recycle(struct publication *pub)
{
	struct publisher *p = pub->publisher;
	struct segment *s = pub->spare;
	int r;

	pub->spare = NULL;
	if (s == NULL)
		return false;
	r = shm_recycle(&s->map, &p->dir, s->name, NULL);
	if (r == 0) {
		segment_spoil(&s->map);
		pub->segment = s;
		return true;
	}
	pub->no_leases |= r < 0;
	if (r == SHM_ABSENT && !shm_map_is_in_place(&s->map, &p->dir, s->name))
		segment_forget(s); /* its name means another file by now: do not remove that */
	push(&pub->retired, s);
	return false;
}

static int first_memory(struct publication *pub, size_t size, struct shmpub_error *err)
{
	struct publisher *p = pub->publisher;

	pub->retired = segments_drop_free(p, pub->retired);
	if (recycle(pub))
		return 0;
	return segment_create(&pub->segment, pub->feed, pub->name, size, &pub->access, err);
}

static int grow(struct publication *pub, size_t size, struct shmpub_error *err)
{
	struct publisher *p = pub->publisher;
	struct segment *s = pub->segment;
	uint64_t bytes = whole_pages(p, size);
	uint64_t more = bytes > s->bytes ? bytes - s->bytes : 0;
	int r = room_check(p, more, err);

	if (r == 0)
		r = budget_take(p, more, err);
	if (r != 0)
		return r;
	r = room_explain(shm_resize(&s->map, size, err), p, err);
	if (r != 0) {
		budget_give(p, more);
		return r;
	}
	s->bytes += more;
	return 0;
}

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct publication *pub = arg;
	int r = 0;

	if (size > (size_t)PTRDIFF_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "%zu bytes are more than a segment can have", size);
	if (pub->max_bytes != 0 && size > pub->max_bytes)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "a snapshot of %zu bytes or more, max_bytes of the feed is %llu",
		                 size, (unsigned long long)pub->max_bytes);
	pub->wanted_bytes = size;
	if (pub->segment == NULL)
		r = first_memory(pub, size, err);
	assert(r != 0 || pub->segment != NULL);
	if (r == 0 && size > pub->segment->map.size)
		r = grow(pub, size, err);
	if (r == 0)
		*addr = pub->segment->map.addr;
	return r;
}

static size_t reserved(const void *arg)
{
	const struct publication *pub = arg;

	return pub->segment->map.size;
}

struct snapshot_memory publication_memory(struct publication *pub)
{
	return (struct snapshot_memory){ .reserve = reserve, .reserved = reserved, .arg = pub };
}

/* --- worker: seal ------------------------------------------------------------------------------ */

/* The lease was lost and a reader may see the segment: copy it, and do not touch it again. */
static int move_to_fresh(struct publication *pub, size_t size, struct shmpub_error *err)
{
	struct segment *lost = pub->segment, *fresh;
	int r = segment_create(&fresh, pub->feed, pub->name, size, &pub->access, err);

	if (r != 0)
		return r;
	memcpy(fresh->map.addr, lost->map.addr, size);
	pub->segment = fresh;
	push(&pub->retired, lost);
	return shm_seal(&fresh->map, size, &pub->access, err);
}

int publication_seal(struct publication *pub, uint64_t size, struct shmpub_error *err)
{
	struct segment *s = pub->segment;
	uint64_t bytes;
	int r;

	if (s == NULL || pub->is_sealed || size == 0 || size > s->map.size)
		return error_set(err, SHMPUB_ERR_INVALID, "a seal of %llu bytes, where %zu are",
		                 (unsigned long long)size, s != NULL ? s->map.size : 0);
	r = shm_seal(&s->map, (size_t)size, &pub->access, err);
	if (r == SHM_BUSY)
		r = move_to_fresh(pub, (size_t)size, err);
	if (r != 0)
		return r;
	s = pub->segment;
	bytes = whole_pages(pub->publisher, size);
	budget_give(pub->publisher, s->bytes - bytes);
	s->bytes = bytes;
	s->access = pub->access;
	pub->is_sealed = true;
	return 0;
}

struct span publication_bytes(const struct publication *pub)
{
	if (!pub->is_sealed)
		return SPAN_NONE;
	return span_of(pub->segment->map.addr, pub->segment->map.size);
}

/* --- loop: the end ----------------------------------------------------------------------------- */

/* Deal with the segments that the publication still has, and free it. */
static void finish(struct publication *pub)
{
	struct publisher_feed *f = pub->feed;
	struct publisher *p = pub->publisher;

	if (pub->no_leases)
		store_relaxed_u32(&p->has_leases, 0);
	if (pub->spare != NULL)
		feed_push_retired(f, pub->spare);
	segments_let_go(p, &pub->retired);
	growing_end(pub);
	f->pending = NULL;
	p->n_pending--;
	if (f->is_removed)
		feed_free(f);
	mem_free(pub);
}

static bool has_room_for_spare(struct publisher_feed *f, const struct segment *s)
{
	const struct publisher *p = f->publisher;

	return f->spare == NULL && feed_recycles(f) && p->spare_bytes <= p->spare_limit &&
	       s->bytes <= p->spare_limit - p->spare_bytes;
}

/* True for a segment that was recycled and not sealed, if its memory sufficed. */
static bool may_be_spare_again(const struct publication *pub)
{
	const struct segment *s = pub->segment;

	return s->map.is_leased && pub->wanted_bytes <= s->map.size &&
	       shm_lock_is_ours(pub->publisher->lock) && has_room_for_spare(pub->feed, s);
}

static void put_spare(struct publisher_feed *f, struct segment *s)
{
	f->spare = s;
	f->publisher->has_replaced = true;
	f->publisher->spare_bytes += s->bytes;
}

static void give_back_segment(struct publication *pub)
{
	struct segment *s = pub->segment;

	if (may_be_spare_again(pub)) {
		segment_spoil(&s->map); /* the snapshot may have been complete but for the seal */
		if (shm_lease_return(&s->map) == 0) {
			put_spare(pub->feed, s);
			return;
		}
	}
	segment_unname(pub->publisher, s);
	if (shm_lock_is_ours(pub->publisher->lock))
		shm_empty(&s->map);
	segment_drop(pub->publisher, s);
}

/* It was not used: the feed keeps it. */
static void give_back_spare(struct publication *pub)
{
	if (pub->spare == NULL || !has_room_for_spare(pub->feed, pub->spare))
		return;
	put_spare(pub->feed, pub->spare);
	pub->spare = NULL;
}

void publication_discard(struct publication *pub)
{
	struct publisher_feed *f;

	if (pub == NULL)
		return;
	f = pub->feed;
	if (pub->is_sealed && pub->sequence > f->floor)
		f->floor = pub->sequence;
	f->wanted_bytes = pub->wanted_bytes;
	if (pub->segment != NULL)
		give_back_segment(pub);
	give_back_spare(pub);
	finish(pub);
}

/* exchanged: the old live segment has the hidden name of the new one now. */
static void replace_live(struct publication *pub, bool exchanged)
{
	struct publisher_feed *f = pub->feed;
	struct segment *old = f->live, *s = pub->segment;

	f->live = s;
	f->id = s->map.id;
	f->size = s->map.size;
	if (old != NULL) {
		memcpy(old->name, exchanged ? s->name : "", exchanged ? sizeof(old->name) : 1);
		feed_retire(f, old);
		if (!shm_access_covers(&s->access, &old->access))
			feed_close_older(f);
	} else if (exchanged) {
		(void)shm_remove(&pub->publisher->dir, s->name, NULL);
	}
	s->name[0] = '\0';
	growing_take(s, pub);
	if (!feed_recycles(f) && s->writer == NULL)
		shm_discard(&s->map);
}

/* The last check, before names are changed, that the instance still belongs to this publisher. */
static int check_hold(struct publisher *p, struct shmpub_error *err)
{
	int r;

	if (hold_may_rename(p))
		return 0;
	hold_check_lost(p);
	r = publisher_check(p, err);
	return r != 0 ? r
	              : error_set(err, SHMPUB_ERR_SYS,
	                          "%s: its lock was removed while a snapshot was made",
	                          p->dir.path);
}

/* The newest snapshot is in its segment: tell readers. */
static void announce(struct publication *pub, const struct segment *s,
                     const struct catalog_descriptor *d)
{
	struct publisher_feed *f = pub->feed;
	struct publisher *p = pub->publisher;
	struct catalog_slot *slot = feed_slot(f);
	struct catalog_descriptor own = *d;

	own.sequence = pub->sequence;
	own.segment = s->number;
	own.size = s->map.size;
	catalog_set_state(&p->catalog, slot, SLOT_FRESH);
	catalog_publish(&p->catalog, slot, &own);
	catalog_wake(&p->catalog, slot);
	f->sequence = pub->sequence;
	f->wanted_bytes = 0;
}

int publication_commit(struct publication *pub, const struct catalog_descriptor *d,
                       struct shmpub_error *err)
{
	struct publisher_feed *f = pub->feed;
	struct publisher *p = pub->publisher;
	struct segment *s = pub->segment;
	bool exchanged = false;
	int r;

	if (!(pub->is_sealed || pub->is_appended) || f->is_removed)
		r = error_set(err, SHMPUB_ERR_INVALID, "feed %s: %s", f->name,
		              f->is_removed ? "removed" : "a commit before the seal");
	else
		r = check_hold(p, err);
	if (r == 0 && !pub->is_appended)
		r = shm_place(&p->dir, s->name, f->file, &exchanged, err);
	if (r != 0) {
		publication_discard(pub);
		return r;
	}
	if (pub->is_appended) {
		snapshot_writer_show(pub->grown->writer);
		announce(pub, pub->grown, d);
		give_back_spare(pub);
	} else {
		s->number = s->map.number != 0 ? s->map.number : pub->number;
		announce(pub, s, d);
		replace_live(pub, exchanged);
		pub->segment = NULL;
	}
	finish(pub);
	publisher_store_usage(p);
	return 0;
}
