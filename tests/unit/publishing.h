/*
 * Publishing any bytes, for the tests of lib/publisher: a publisher in a directory, a
 * feed, both halves of a publication, what then stands there.
 */
#ifndef SHMPUB_TESTS_PUBLISHING_H
#define SHMPUB_TESTS_PUBLISHING_H

#include "unit/check.h"
#include "unit/scratch.h"

#include "base/alloc.h"
#include "publisher/publisher_parts.h"

#define KIB 1024u

static struct shmpub_error err;

static inline struct publisher *open_publisher(const char *directory, uint64_t max_bytes,
                                               uint64_t spare)
{
	struct publisher_options options = { .directory = directory,
		                             .instance = "pub",
		                             .max_feeds = 16,
		                             .max_bytes = max_bytes,
		                             .spare_bytes = spare };
	struct publisher *p;

	if (publisher_open(&p, &options, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return p;
}

static inline struct publisher_feed *open_feed(struct publisher *p, const char *name)
{
	struct publisher_feed *f = NULL;

	CHECK_INT(name, publisher_feed_open(&f, p, span_str(name), 1000, NULL, &err), 0);
	return f;
}

/* Both halves, with `size` bytes of `c`. */
static inline int publish(struct publisher_feed *f, char c, size_t size)
{
	struct catalog_descriptor d = { .rows = (uint64_t)c };
	struct publication *pub;
	struct snapshot_memory memory;
	void *addr;
	int r = publication_begin(&pub, f, &err);

	if (r != 0)
		return r;
	memory = publication_memory(pub);
	r = memory.reserve(memory.arg, &addr, size, &err);
	if (r == 0) {
		memset(addr, c, size);
		r = publication_seal(pub, size, &err);
	}
	if (r == 0)
		return publication_commit(pub, &d, &err);
	publication_discard(pub);
	return r;
}

/* The spare rests a second: the tests make that second pass. */
static inline void rest(struct publisher_feed *f)
{
	if (f->spare != NULL)
		f->spare->replaced_ns -= 2 * REST_NS;
}

static inline void map_feed(struct shm_map *map, const struct publisher_feed *f)
{
	struct shm_stat stat;

	CHECK_INT("map", shm_map_read(map, &stat, &f->publisher->dir, f->file, &err), 0);
}

static inline bool is_all(const struct shm_map *map, char c, size_t size)
{
	if (map->size != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (((const char *)map->addr)[i] != c)
			return false;
	}
	return true;
}

static inline bool stands(const struct publisher_feed *f, char c, size_t size)
{
	struct shm_map map = SHM_MAP_NONE;
	bool is;

	map_feed(&map, f);
	is = is_all(&map, c, size);
	shm_discard(&map);
	return is && publisher_feed_is_in_place(f);
}

struct names {
	int hidden, stable, other;
};

static inline void count_name(void *arg, const char *name)
{
	struct names *n = arg;

	if (name[0] == '.')
		n->hidden++;
	else if (strstr(name, ".arrow") != NULL)
		n->stable++;
	else
		n->other++;
}

static inline struct names names_in(const struct shm_dir *dir)
{
	struct names n = { 0, 0, 0 };

	CHECK_INT("names", shm_dir_each(dir, count_name, &n, &err), 0);
	return n;
}

/* Each in a directory of its own, with nothing of the heap left over. */
static inline int run_all(void (*const *tests)(const char *), size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct scratch s = SCRATCH_NONE;

		scratch_open(&s, memory_below);
		tests[i](s.path);
		CHECK_INT("memory given back", mem_live(), 0);
		scratch_close(&s);
	}
	return check_report();
}

#endif
