#include "publisher/publisher_parts.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"
#include "base/name.h"

/*
 * What a publisher finds in the directory when it starts, and what it leaves.
 *
 * A publisher that was killed at any moment has left a whole snapshot under the name of
 * each feed, because a snapshot takes the name in one step. Files under hidden names may
 * be incomplete, and are removed. If it died after a snapshot took the name and before
 * the sequence was stored, the file is newer than the catalog: then the catalog gets the
 * sequence of the file.
 *
 * If the catalog is newer, or if the file has another epoch (its catalog was lost), the
 * next snapshot gets a sequence greater than both.
 */

/*
 * True for ".FEED.N", ".catalog", ".errors" and "control", names that readers do not open. The last
 * one is a socket of the daemon, which makes it again.
 */
static bool is_hidden(const char *name)
{
	const char *number = strrchr(name, '.');

	if (strcmp(name, CATALOG_HIDDEN) == 0 || strcmp(name, ERROR_TABLE_HIDDEN) == 0 ||
	    strcmp(name, CATALOG_CONTROL) == 0)
		return true;
	if (name[0] != '.' || number == name || number[1] == '\0')
		return false;
	if (number[1 + strspn(number + 1, "0123456789")] != '\0')
		return false;
	return name_is_feed(span_of(name + 1, (size_t)(number - name - 1)));
}

/* The feed's name in "FEED.arrow"; empty when `name` is not of that form. */
static struct span feed_of(const char *name)
{
	size_t size = strlen(name);

	if (size <= 6 || strcmp(name + size - 6, ".arrow") != 0 ||
	    !name_is_feed(span_of(name, size - 6)))
		return SPAN_NONE;
	return span_of(name, size - 6);
}

static void remove_hidden(void *arg, const char *name)
{
	const struct publisher *p = arg;

	if (is_hidden(name))
		(void)shm_remove(&p->dir, name, NULL);
}

int takeover_clean(struct publisher *p, struct shmpub_error *err)
{
	return shm_dir_each(&p->dir, remove_hidden, p, err);
}

static void remove_any(void *arg, const char *name)
{
	const struct publisher *p = arg;

	if (is_hidden(name) || feed_of(name).size > 0)
		(void)shm_remove(&p->dir, name, NULL);
}

void takeover_remove_all(struct publisher *p)
{
	if (!p->keep_on_exit) {
		(void)shm_remove(&p->dir, "catalog", NULL);
		(void)shm_remove(&p->dir, ERROR_TABLE_FILE, NULL);
		(void)shm_dir_each(&p->dir, remove_any, p, NULL);
	} else {
		(void)takeover_clean(p, NULL);
	}
}

struct sweep {
	struct publisher *p;
	publisher_wants *wants;
	void *arg;
};

/* True for a feed that is not open and not wanted. */
static bool is_unwanted(const struct sweep *sweep, const struct catalog_slot *slot,
                        struct span name)
{
	struct publisher *p = sweep->p;

	if (slot != NULL && p->by_slot[catalog_slot_index(&p->catalog, slot)] != NULL)
		return false;
	return sweep->wants == NULL || !sweep->wants(sweep->arg, name);
}

/*
 * The feed is opened before it is removed: so the catalog's floor rises to the greatest sequence
 * that readers of this feed have seen, and the memory that they hold is counted.
 */
static void remove_unwanted(void *arg, const char *name)
{
	struct sweep *sweep = arg;
	struct publisher *p = sweep->p;
	struct span feed = feed_of(name);
	const struct catalog_slot *slot = catalog_find(&p->catalog, feed);
	struct publisher_feed *f;

	if (feed.size == 0 || !is_unwanted(sweep, slot, feed))
		return;
	if (slot != NULL && publisher_feed_open(&f, p, feed, 0, NULL, NULL) == 0)
		publisher_feed_remove(f);
	else
		(void)shm_remove(&p->dir, name, NULL);
}

void publisher_sweep(struct publisher *p, publisher_wants *wants, void *arg)
{
	struct sweep sweep = { p, wants, arg };

	if (!hold_may_rename(p))
		return;
	(void)shm_dir_each(&p->dir, remove_unwanted, &sweep, NULL);
	for (uint32_t i = 0; i < catalog_n_slots(&p->catalog); i++) {
		struct catalog_slot *slot = (struct catalog_slot *)catalog_slot_at(&p->catalog, i);

		if (slot == NULL || !is_unwanted(&sweep, slot, span_str(slot->name)))
			continue;
		catalog_set_state(&p->catalog, slot, SLOT_REMOVED);
		catalog_wake(&p->catalog, slot);
	}
}

/* --- one feed ---------------------------------------------------------------------------------- */

static void describe(struct catalog_descriptor *d, const struct snapshot_view *v, uint64_t size)
{
	*d = (struct catalog_descriptor){
		.sequence = v->stamp.sequence,
		.size = size,
		.rows = v->table.n_rows,
		.published_ns = v->stamp.published_ns,
		.source_mtime_ns = v->stamp.source_mtime_ns,
		.read_ns = v->stamp.read_ns,
		.parse_ns = v->stamp.parse_ns,
		.source_size = v->stamp.source_size,
		.skipped_rows = v->stamp.skipped_rows,
	};
	for (size_t i = 0; i < v->table.n_columns; i++)
		d->columns += v->columns[i].index == 0;
}

static int adopt(struct publisher_feed *f, const struct shm_stat *stat,
                 const struct snapshot_view *v, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct catalog_slot *slot = feed_slot(f);
	uint64_t current = load_relaxed_u64(&slot->sequence);
	struct segment *s = mem_zalloc(1, sizeof(*s));
	struct catalog_descriptor d;

	if (s == NULL)
		return error_nomem(err, sizeof(*s));
	s->map = SHM_MAP_NONE;
	s->slot = f->slot;
	s->generation = f->generation;
	s->bytes = whole_pages(p, stat->size);
	s->access = (struct shm_access){ .mode = stat->mode, .gid = stat->gid };
	add_relaxed_u64(&p->used_bytes, s->bytes); /* it exists, even if that exceeds max_bytes */
	f->live = s;
	f->id = stat->id;
	f->size = stat->size;
	f->sequence = v->stamp.sequence > current ? v->stamp.sequence : current;
	if (v->stamp.sequence > current &&
	    (current == 0 || ((v->stamp.sequence ^ current) & 1) == 1)) {
		describe(&d, v, stat->size);
		catalog_publish(&p->catalog, slot, &d);
		catalog_wake(&p->catalog, slot);
	}
	return 0;
}

int takeover_adopt(struct publisher_feed *f, struct shmpub_error *err)
{
	struct publisher *p = f->publisher;
	struct shm_map map = SHM_MAP_NONE;
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	struct shm_stat stat;
	int r = shm_map_read(&map, &stat, &p->dir, f->file, NULL);

	f->sequence = load_relaxed_u64(&feed_slot(f)->sequence);
	if (r != 0 || map.addr == NULL)
		goto broken;
	r = snapshot_view_init(&view, span_of(map.addr, map.size), SNAPSHOT_CHECK_BOUNDS, err);
	if (r == SHMPUB_ERR_NOMEM)
		goto out;
	if (r != 0 || view.stamp.sequence == 0 || view.stamp.sequence > CATALOG_MAX_SEQUENCE)
		goto broken;
	if (f->sequence == 0 && view.stamp.sequence <= f->floor)
		goto broken; /* older than a removal: the slot was given to another feed since */
	r = adopt(f, &stat, &view, err);
out:
	snapshot_view_free(&view);
	shm_discard(&map);
	return r;
broken:
	/* There is no file, or none that a reader could use. */
	(void)shm_remove(&p->dir, f->file, NULL);
	r = 0;
	goto out;
}
