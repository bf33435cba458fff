#include "watch.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"
#include "name_glob.h"
#include "path.h"

/*
 * A hash table of (directory, name), so that a thousand feeds in one directory cost an event no more
 * than one feed does. A path has an entry for each name that decides what it means.
 *
 * A worker makes the system's watch of a directory before anybody follows a name in it. The last events
 * at names that nobody followed are therefore kept: one that came while a path was resolved may have
 * been meant for it. For the same reason a directory without followers stays watched until no
 * path is being resolved.
 */

#define BUCKETS_LEAST 64

struct watch_directory {
	struct watch_directory *next; /* in a bucket */
	int64_t handle;
	bool is_gone; /* the system has ended the watch by itself */
	struct watch_entry *entries;
	size_t n_globs; /* of `entries` */
};

/* --- the table ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, int64_t handle)
{
	hash ^= (uint64_t)handle * 0x9E3779B97F4A7C15u;
	return hash ^ hash >> 29;
}

static struct watch_directory **find_directory(struct watch *w, int64_t handle)
{
	struct watch_directory **at = &w->directories[mix(0, handle) % w->n_buckets];

	while (*at != NULL && (*at)->handle != handle)
		at = &(*at)->next;
	return at;
}

static void move_entries(struct watch *w, struct watch_entry **buckets, size_t n)
{
	struct watch_entry *e, *after;

	for (size_t i = 0; i < w->n_buckets; i++) {
		for (e = w->buckets[i]; e != NULL; e = after) {
			after = e->next;
			e->next = buckets[e->hash % n];
			buckets[e->hash % n] = e;
		}
	}
}

static void move_directories(struct watch *w, struct watch_directory **directories, size_t n)
{
	struct watch_directory *d, *after;

	for (size_t i = 0; i < w->n_buckets; i++) {
		for (d = w->directories[i]; d != NULL; d = after) {
			size_t at = mix(0, d->handle) % n;

			after = d->next;
			d->next = directories[at];
			directories[at] = d;
		}
	}
}

/* Room for n more entries. */
static int grow(struct watch *w, size_t n, struct shmpub_error *err)
{
	size_t wanted = w->n_buckets ? w->n_buckets : BUCKETS_LEAST;
	struct watch_directory **directories;
	struct watch_entry **buckets;

	while (wanted < w->n_entries + n)
		wanted *= 2;
	if (wanted == w->n_buckets)
		return SHMPUB_OK;
	buckets = mem_zalloc(wanted, sizeof(*buckets));
	directories = mem_zalloc(wanted, sizeof(*directories));
	if (buckets == NULL || directories == NULL) {
		mem_free(buckets);
		mem_free(directories);
		return error_nomem(err, wanted * sizeof(*buckets));
	}
	move_entries(w, buckets, wanted);
	move_directories(w, directories, wanted);
	mem_free(w->buckets);
	mem_free(w->directories);
	w->buckets = buckets;
	w->directories = directories;
	w->n_buckets = wanted;
	return SHMPUB_OK;
}

static void drop_directory(struct watch *w, struct watch_directory **at)
{
	struct watch_directory *d = *at;

	*at = d->next;
	if (!d->is_gone)
		watch_system_end(w->system, d->handle);
	mem_free(d);
}

/* Only when no worker may have begun a watch of the same directory, which is then the same watch. */
static void sweep(struct watch *w)
{
	if (w->n_resolving > 0)
		return;
	for (size_t i = 0; i < w->n_buckets; i++) {
		struct watch_directory **at = &w->directories[i];

		while (*at != NULL) {
			if ((*at)->entries == NULL)
				drop_directory(w, at);
			else
				at = &(*at)->next;
		}
	}
}

static void remove_entry(struct watch *w, struct watch_entry *e)
{
	struct watch_entry **at = &w->buckets[e->hash % w->n_buckets];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->directory->n_globs -= e->is_glob;
	*e->link_in = e->next_in;
	if (e->next_in != NULL)
		e->next_in->link_in = e->link_in;
	mem_free(e->name);
	w->n_entries--;
}

/* --- following ---------------------------------------------------------------------------------------- */

static void forget(struct watch *w, struct watcher *x)
{
	for (size_t i = 0; i < x->n; i++)
		remove_entry(w, &x->entries[i]);
	mem_free(x->entries);
	x->entries = NULL;
	x->n = 0;
	x->is_reliable = false;
	if (x->link != NULL) {
		*x->link = x->next;
		if (x->next != NULL)
			x->next->link = x->link;
	}
	x->link = NULL;
}

void watch_forget(struct watch *w, struct watcher *watcher)
{
	bool followed = watcher->n > 0;

	forget(w, watcher);
	if (followed)
		sweep(w);
}

void watch_plan_cut(struct watch_plan *plan, size_t n)
{
	while (plan->n > n) {
		plan->n--;
		mem_free(plan->spots[plan->n].directory);
		mem_free(plan->spots[plan->n].name);
	}
}

static void free_plan(struct watch_plan *plan)
{
	watch_plan_cut(plan, 0);
	mem_free(plan->spots);
	*plan = WATCH_PLAN_NONE;
}

static int have_directory(struct watch_directory **out, struct watch *w, int64_t handle,
                          struct shmpub_error *err)
{
	struct watch_directory **at = find_directory(w, handle), *d = *at;

	if (d == NULL) {
		d = mem_zalloc(1, sizeof(*d));
		if (d == NULL)
			return error_nomem(err, sizeof(*d));
		d->handle = handle;
		*at = d;
	}
	*out = d;
	return SHMPUB_OK;
}

static int add_entry(struct watch *w, struct watcher *x, struct watch_spot *spot, bool is_glob,
                     struct shmpub_error *err)
{
	struct watch_entry *e = &x->entries[x->n];
	int r = spot->handle < 0 ? watch_system_begin(w->system, spot, err) : SHMPUB_OK;

	if (!r)
		r = have_directory(&e->directory, w, spot->handle, err);
	if (r)
		return r;
	e->watcher = x;
	e->name = spot->name;
	e->is_glob = is_glob && name_glob_is_pattern(span_str(e->name));
	e->directory->n_globs += e->is_glob;
	spot->name = NULL;
	e->hash = mix(watch_name_hash(span_str(e->name)), spot->handle);
	e->next = w->buckets[e->hash % w->n_buckets];
	w->buckets[e->hash % w->n_buckets] = e;
	e->next_in = e->directory->entries;
	e->link_in = &e->directory->entries;
	if (e->next_in != NULL)
		e->next_in->link_in = &e->next_in;
	e->directory->entries = e;
	x->n++;
	w->n_entries++;
	return SHMPUB_OK;
}

static int follow(struct watch *w, struct watcher *x, struct watch_plan *plan,
                  struct shmpub_error *err)
{
	int r = grow(w, plan->n, err);

	if (r)
		return r;
	x->entries = mem_zalloc(plan->n + 1, sizeof(*x->entries));
	if (x->entries == NULL)
		return error_nomem(err, plan->n * sizeof(*x->entries));
	for (size_t i = 0; i < plan->n && !r; i++)
		r = add_entry(w, x, &plan->spots[i], plan->has_globs, err);
	x->next = w->watchers;
	x->link = &w->watchers;
	if (x->next != NULL)
		x->next->link = &x->next;
	w->watchers = x;
	return r;
}

/* One of the strays since then was meant for this watcher, or there were too many to know. */
static bool has_missed(const struct watch *w, const struct watcher *x, uint64_t n_before)
{
	if (w->n_strays - n_before > WATCH_STRAYS)
		return true;
	for (uint64_t n = n_before; n < w->n_strays; n++) {
		uint64_t hash = w->strays[n % WATCH_STRAYS];

		for (size_t i = 0; i < x->n; i++) {
			if (hash == x->entries[i].hash || x->entries[i].is_glob ||
			    hash == mix(0, x->entries[i].directory->handle))
				return true;
		}
	}
	return false;
}

int watch_follow(struct watch *w, struct watcher *watcher, struct watch_plan *plan,
                 struct shmpub_error *err)
{
	uint64_t n_before = plan->n_strays;
	int r;

	w->n_resolving--;
	forget(w, watcher);
	r = follow(w, watcher, plan, err);
	watcher->is_reliable = plan->is_reliable;
	if (r)
		forget(w, watcher);
	free_plan(plan);
	sweep(w);
	if (!r && has_missed(w, watcher, n_before))
		watcher->changed(watcher, WATCH_DONE | WATCH_NAMES);
	return r;
}

/* A handle that the plan alone has would never be ended: it is followed for a moment. */
void watch_give_back(struct watch *w, struct watch_plan *plan)
{
	struct watch_directory *d;

	w->n_resolving--;
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->spots[i].handle >= 0 && grow(w, 1, NULL) == SHMPUB_OK)
			(void)have_directory(&d, w, plan->spots[i].handle, NULL);
	}
	free_plan(plan);
	sweep(w);
}

/* --- events ------------------------------------------------------------------------------------------- */

static void keep_stray(struct watch *w, uint64_t hash)
{
	w->strays[w->n_strays % WATCH_STRAYS] = hash;
	add_relaxed_u64(&w->n_strays, 1);
}

/* All names of the directory. */
static void tell_directory(struct watch *w, int64_t handle, unsigned events)
{
	struct watch_directory *d = w->n_buckets ? *find_directory(w, handle) : NULL;

	if (d == NULL) {
		keep_stray(w, mix(0, handle));
		return;
	}
	for (struct watch_entry *e = d->entries; e != NULL; e = e->next_in)
		e->watcher->changed(e->watcher, events);
}

/* True: there was an entry that the name matches. */
static bool tell_globs(struct watch *w, int64_t handle, struct span name, unsigned events)
{
	struct watch_directory *d = w->n_buckets ? *find_directory(w, handle) : NULL;
	bool is_told = false;

	if (d == NULL || d->n_globs == 0)
		return false;
	for (struct watch_entry *e = d->entries; e != NULL; e = e->next_in) {
		if (!e->is_glob || !name_glob_matches(span_str(e->name), name, path_ignores_case()))
			continue;
		e->watcher->changed(e->watcher, events);
		is_told = true;
	}
	return is_told;
}

void watch_tell(struct watch *w, int64_t handle, struct span name, unsigned events)
{
	uint64_t hash = mix(watch_name_hash(name), handle);
	bool is_stray = true;

	if (name.size == 0) {
		tell_directory(w, handle, events);
		return;
	}
	if (w->n_buckets > 0) {
		struct watch_entry *e = w->buckets[hash % w->n_buckets];

		for (; e != NULL; e = e->next) {
			if (e->hash != hash || e->directory->handle != handle ||
			    !watch_name_equal(name, e->name))
				continue;
			e->watcher->changed(e->watcher, events);
			is_stray = false;
		}
	}
	if (!tell_globs(w, handle, name, events) && is_stray)
		keep_stray(w, hash);
}

void watch_tell_gone(struct watch *w, int64_t handle)
{
	struct watch_directory *d = w->n_buckets ? *find_directory(w, handle) : NULL;

	tell_directory(w, handle, WATCH_DONE | WATCH_NAMES);
	if (d != NULL)
		d->is_gone = true;
}

void watch_tell_all(struct watch *w)
{
	add_relaxed_u64(&w->n_strays, WATCH_STRAYS + 1);
	for (struct watcher *x = w->watchers; x != NULL; x = x->next)
		x->changed(x, WATCH_DONE | WATCH_NAMES);
}

/* --- a plan ------------------------------------------------------------------------------------------- */

static bool is_same_spot(const struct watch_spot *spot, int64_t handle, struct span directory,
                         struct span name)
{
	bool is_same_directory = spot->directory == NULL || span_is(directory, spot->directory);

	return spot->handle == handle && is_same_directory && span_is(name, spot->name);
}

static int have_room(struct watch_plan *plan, struct shmpub_error *err)
{
	size_t room = plan->room ? 2 * plan->room : 16;
	struct watch_spot *grown;

	if (plan->n < plan->room)
		return SHMPUB_OK;
	grown = mem_resize(plan->spots, room * sizeof(*grown));
	if (grown == NULL)
		return error_nomem(err, room * sizeof(*grown));
	plan->spots = grown;
	plan->room = room;
	return SHMPUB_OK;
}

int watch_plan_add(struct watch_plan *plan, int64_t handle, struct span directory, struct span name,
                   struct shmpub_error *err)
{
	struct watch_spot *spot;
	int r;

	for (size_t i = 0; i < plan->n; i++) { /* a link to itself */
		if (is_same_spot(&plan->spots[i], handle, directory, name))
			return SHMPUB_OK;
	}
	if (plan->n == WATCH_SPOTS_MAX)
		return error_set(err, SHMPUB_ERR_SYS, "more than %d links", WATCH_SPOTS_MAX - 1);
	r = have_room(plan, err);
	if (r)
		return r;
	spot = &plan->spots[plan->n];
	spot->handle = handle;
	spot->name = mem_copy(name);
	spot->directory = directory.size ? mem_copy(directory) : NULL;
	plan->n++;
	if (spot->name == NULL || (directory.size && spot->directory == NULL))
		return error_nomem(err, name.size + directory.size);
	return SHMPUB_OK;
}

void watch_begin(struct watch *w)
{
	w->n_resolving++;
	if (!w->is_tried)
		w->system = watch_system_open(w, w->loop, &w->why);
	w->is_tried = true;
}

int watch_resolve(struct watch_plan *out, struct watch *w, const char *path,
                  struct shmpub_error *err)
{
	*out = (struct watch_plan){ .n_strays = load_relaxed_u64(&w->n_strays) };
	if (w->system == NULL)
		return error_set(err, SHMPUB_ERR_SYS, "%s", w->why.message);
	return watch_system_resolve(out, w->system, path, err);
}

/* --- start and end ------------------------------------------------------------------------------------ */

void watch_init(struct watch *w, uv_loop_t *loop)
{
	*w = (struct watch){ .loop = loop };
}

void watch_close(struct watch *w)
{
	if (w->system != NULL)
		watch_system_close(w->system);
}

void watch_deinit(struct watch *w)
{
	w->n_resolving = 0;
	sweep(w);
	if (w->system != NULL)
		watch_system_free(w->system);
	mem_free(w->buckets);
	mem_free(w->directories);
	*w = (struct watch){ .n_buckets = 0 };
}
