#include "publisher/publisher_parts.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/name.h"

/*
 * Opening and closing an instance. The lock is taken before anything in the directory is
 * looked at, and the catalog is opened before any feed; closing is the reverse.
 *
 * A user may remove files of the instance (rm), so at every refresh the publisher checks
 * that they are still there, and restores them from its mappings: the catalog with the
 * same epoch (hold.c), a snapshot with the same sequence, because its contents are the
 * same.
 */

#define DEFAULT_FEEDS 4096u
#define TAKEN_MAX 15u         /* of publisher_feed_stands(): every sixteenth look is a real one */
#define OTHER_DESCRIPTORS 64u /* left to the program for everything but segments */

static int take_options(struct publisher *p, const struct publisher_options *o,
                        struct shmpub_error *err)
{
	uint64_t descriptors = shm_descriptor_limit();

	p->dir = SHM_DIR_NONE;
	p->catalog = CATALOG_NONE;
	p->errors = ERROR_TABLE_NONE;
	p->lock = NULL;
	p->held.end = &p->held.first;
	p->access = o->access;
	if (p->access.mode == 0)
		p->access = (struct shm_access){ .mode = 0644, .gid = -1 };
	p->max_feeds = o->max_feeds != 0 ? o->max_feeds : DEFAULT_FEEDS;
	p->max_bytes = o->max_bytes;
	p->min_free = o->min_free;
	p->spare_limit = o->spare_bytes;
	p->keep_on_exit = o->keep_on_exit;
	p->is_temporary = o->is_temporary;
	p->page_size = shm_page_size();
	p->next_number = 1;
	/* A feed that recycles has two descriptors open, and feeds may take half of all. */
	p->max_recyclers = descriptors > OTHER_DESCRIPTORS
	                           ? (size_t)((descriptors - OTHER_DESCRIPTORS) / 4)
	                           : 0;
	p->directory = mem_copy(span_str(o->directory != NULL ? o->directory : SHMPUB_DIRECTORY));
	p->instance = mem_copy(span_str(o->instance != NULL ? o->instance : SHMPUB_INSTANCE));
	p->by_slot = mem_zalloc(p->max_feeds, sizeof(struct publisher_feed *));
	if (p->directory == NULL || p->instance == NULL || p->by_slot == NULL)
		return error_nomem(err, p->max_feeds * sizeof(struct publisher_feed *));
	return 0;
}

static void release(struct publisher *p)
{
	error_table_close(&p->errors);
	catalog_close(&p->catalog);
	shm_unlock(p->lock);
	shm_dir_close(&p->dir);
	mem_free(p->by_slot);
	mem_free(p->instance);
	mem_free(p->directory);
	mem_free(p);
}

int publisher_open(struct publisher **out, const struct publisher_options *options,
                   struct shmpub_error *err)
{
	struct publisher *p = mem_zalloc(1, sizeof(*p));
	int r;

	*out = NULL;
	if (p == NULL)
		return error_nomem(err, sizeof(*p));
	r = take_options(p, options, err);
	if (r == 0)
		r = shm_dir_make(&p->dir, p->directory, p->instance, err);
	if (r == 0)
		r = hold_take(p, err);
	if (r == 0)
		r = takeover_clean(p, err);
	if (r == 0)
		r = catalog_open_writer(&p->catalog, &p->dir, p->instance, p->max_feeds, &p->access,
		                        err);
	if (r != 0) {
		release(p);
		return r;
	}
	error_table_take_over(&p->errors, &p->dir, &p->catalog, &p->access);
	catalog_promise(&p->catalog, options->heartbeat_interval_ms);
	p->started_ns = catalog_header(&p->catalog)->started_ns;
	store_relaxed_u64(&catalog_header(&p->catalog)->max_bytes, p->max_bytes);
	*out = p;
	return 0;
}

uint64_t publisher_epoch(const struct publisher *p)
{
	return catalog_header(&p->catalog)->epoch;
}

void publisher_keep(struct publisher *p)
{
	p->keep_on_exit = true;
}

void publisher_running(struct publisher *p)
{
	struct catalog_header *h = catalog_header(&p->catalog);

	if (!hold_may_write(p))
		return;
	store_release_u32(&h->state, CATALOG_RUNNING);
	add_release_u32(&h->wake, 1);
	catalog_wake(&p->catalog, NULL);
}

void publisher_config_loaded(struct publisher *p, bool good)
{
	struct catalog_header *h = catalog_header(&p->catalog);
	int64_t now_ns = shm_now_ns();

	if (!hold_may_write(p))
		return;
	add_relaxed_u64(&h->config_loads, 1);
	store_relaxed_u64((uint64_t *)&h->config_load_ns, (uint64_t)now_ns);
	if (good)
		store_relaxed_u64((uint64_t *)&h->config_good_ns, (uint64_t)now_ns);
	store_relaxed_u64(&h->config_result, good ? CATALOG_CONFIG_GOOD : CATALOG_CONFIG_BAD);
	add_release_u32(&h->wake, 1);
	catalog_wake(&p->catalog, NULL);
}

/* At the end of the publisher segments are dropped although readers may have them mapped. */
static void drop_segments(struct publisher *p, struct segment *list)
{
	while (list != NULL) {
		struct segment *s = list;

		list = s->next;
		segment_drop(p, s);
	}
}

static void drop_feed(struct publisher *p, struct publisher_feed *f)
{
	drop_segments(p, f->retired);
	segment_drop(p, f->spare);
	segment_drop(p, f->live); /* FEED.arrow stays: takeover_remove_all() removes it, or not */
	mem_free(f);
}

void publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	hold_check_lost(p);
	if (hold_may_write(p))
		catalog_stop(&p->catalog);
	while (p->feeds != NULL) {
		struct publisher_feed *f = p->feeds;

		p->feeds = f->next;
		drop_feed(p, f);
	}
	drop_segments(p, p->held.first);
	if (hold_may_rename(p)) {
		takeover_remove_all(p);
		if (p->is_temporary && !p->keep_on_exit)
			shm_dir_remove(&p->dir);
	}
	release(p);
}

/* --- putting back ------------------------------------------------------------------------------ */

bool publisher_feed_is_in_place(const struct publisher_feed *f)
{
	struct shm_stat stat;

	return f->live != NULL && shm_stat_name(&stat, &f->publisher->dir, f->file, NULL) == 0 &&
	       shm_id_equal(&stat.id, &f->id) && stat.size == f->size;
}

/* True when the mapping can be copied: if somebody has truncated the file, that would be SIGBUS. */
static bool has_copy(const struct publisher_feed *f)
{
	struct shm_stat stat;

	return f->live != NULL && f->live->map.addr != NULL &&
	       shm_stat_map(&stat, &f->live->map, NULL) == 0 && stat.size == f->size;
}

static int put_back_snapshot(struct publisher_feed *f, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct segment *s, *old = f->live;
	char name[SEGMENT_NAME_SIZE];
	bool exchanged;
	int r;

	segment_hidden_name(name, p, f->name);
	r = segment_create(&s, f, name, old->map.size, &old->access, err);
	if (r != 0)
		return r;
	memcpy(s->map.addr, old->map.addr, old->map.size);
	r = shm_seal(&s->map, old->map.size, &old->access, err);
	if (r == 0)
		r = shm_place(&p->dir, s->name, f->file, &exchanged, err);
	if (r != 0) {
		segment_drop(p, s);
		return r;
	}
	if (exchanged)
		(void)shm_remove(&p->dir, s->name, NULL); /* a file that somebody else put there */
	s->name[0] = '\0';
	s->access = old->access;
	f->live = s;
	f->id = s->map.id;
	f->size = s->map.size;
	segment_let_go(p, old);
	return 0;
}

int publisher_feed_map(struct shm_map *out, struct publisher_feed *f)
{
	struct shm_stat stat;

	if (f->live == NULL)
		return SHM_ABSENT;
	return shm_map_read(out, &stat, &f->publisher->dir, f->file, NULL);
}

void publisher_feed_prefetch(const struct publisher_feed *f)
{
	if (f == NULL)
		return;
	PREFETCH(&f->publisher);
	PREFETCH(&f->id);
	PREFETCH(&f->live);
}

void publisher_feed_prefetch_slot(const struct publisher_feed *f)
{
	if (f != NULL)
		PREFETCH(&feed_slot(f)->refreshes);
}

int publisher_stand(struct publisher *p, struct shmpub_error *err)
{
	p->changed_ns = shm_dir_changed_ns(&p->dir);
	return hold_ensure(p, err);
}

/*
 * While no name in the directory changed, this feed's name did not. Somebody may have cut its file
 * short, so once in a while the file itself is looked at.
 */
bool publisher_feed_stands(struct publisher_feed *f)
{
	int64_t changed_ns = f->publisher->changed_ns;
	bool stands;

	if (f->live != NULL && changed_ns != 0 && changed_ns == f->stood_ns &&
	    f->n_taken++ < TAKEN_MAX)
		return true;
	stands = publisher_feed_is_in_place(f);
	f->stood_ns = stands ? changed_ns : 0;
	f->n_taken = 0;
	return stands;
}

int publisher_put_back(struct publisher_feed *f, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	int r = hold_ensure(p, err);

	if (r != 0 || publisher_feed_is_in_place(f))
		return r;
	if (!has_copy(f) || f->pending != NULL)
		return SHM_ABSENT;
	r = put_back_snapshot(f, err);
	if (r != SHMPUB_ERR_LIMIT && r != SHMPUB_ERR_SYS)
		return r;
	/* There is no memory for a copy. Free the old one, so that a new snapshot has room. */
	segment_let_go(p, f->live);
	f->live = NULL;
	return SHM_ABSENT;
}
