#include "catalog/error_table_parts.h"

#include <stddef.h>
#include <stdio.h>

#include "base/atomic.h"
#include "base/error.h"
#include "catalog/catalog_parts.h"

/*
 * Writing the error table. The file is sparse like the catalog, and an entry gets its memory before
 * it is written, and before the catalog's word tells readers of it.
 *
 * If the process dies while it writes an entry, the entry's guard stays odd: readers leave it out,
 * and the next publisher takes it for a free one. A table that somebody removed is made anew and
 * begins empty.
 */

static bool is_in_place(const struct error_table *t, const struct shm_dir *dir)
{
	return t->map.addr != NULL && shm_map_is_in_place(&t->map, dir, ERROR_TABLE_FILE);
}

/* Tells readers where the table is; NULL: there is none. */
static void announce(struct catalog *c, const struct shm_map *map)
{
	struct catalog_header *h = catalog_header(c);

	store_relaxed_u64(&h->errors_segment, map != NULL ? map->number : 0);
	store_release_u64(&h->errors_size, map != NULL ? map->size : 0);
}

void error_table_take_over(struct error_table *t, const struct shm_dir *dir, struct catalog *c,
                           const struct shm_access *access)
{
	uint32_t max_feeds = catalog_room(c);
	struct shm_stat stat;
	struct shm_user me;

	*t = ERROR_TABLE_NONE;
	announce(c, NULL);
	if (shm_map_write(&t->map, &stat, dir, ERROR_TABLE_FILE, NULL) != SHMPUB_OK) {
		*t = ERROR_TABLE_NONE;
		return;
	}
	shm_user_self(&me);
	if (t->map.addr == NULL || !shm_user_equal(&stat.owner, &me) ||
	    error_table_wrong_with(t->map.addr, t->map.size, max_feeds) != NULL ||
	    ((struct error_table_header *)t->map.addr)->epoch != catalog_header(c)->epoch ||
	    shm_access_set(&t->map, access, NULL) != SHMPUB_OK) {
		error_table_close(t);
		return;
	}
	t->max_feeds = max_feeds;
	announce(c, &t->map);
}

static int place(const struct error_table *t, const struct shm_dir *dir,
                 const struct shm_access *access, struct shmpub_error *err)
{
	bool exchanged;
	int r = shm_access_set(&t->map, access, err);

	if (!r)
		r = shm_place(dir, ERROR_TABLE_HIDDEN, ERROR_TABLE_FILE, &exchanged, err);
	if (r || exchanged)
		(void)shm_remove(dir, ERROR_TABLE_HIDDEN, NULL);
	return r;
}

static int make(struct error_table *t, const struct shm_dir *dir, struct catalog *c,
                const struct shm_access *access, struct shmpub_error *err)
{
	struct error_table next = { SHM_MAP_NONE, catalog_room(c) };
	int r = shm_remove(dir, ERROR_TABLE_HIDDEN, err);

	if (!r)
		r = shm_create_sparse(&next.map, dir, ERROR_TABLE_HIDDEN,
		                      (size_t)error_table_size(next.max_feeds),
		                      ERROR_TABLE_HEADER_SIZE, access, err);
	if (r)
		return r;
	error_table_fill_header(next.map.addr, catalog_room(c), catalog_header(c)->epoch);
	announce(c, NULL);
	for (uint32_t i = 0; i < catalog_n_slots(c); i++)
		store_release_u64(&catalog_own_slot(c, i)->n_errors, 0);
	r = place(&next, dir, access, err);
	if (r) {
		error_table_close(&next);
		return r;
	}
	error_table_close(t);
	*t = next;
	announce(c, &t->map);
	return SHMPUB_OK;
}

/* --- one entry -------------------------------------------------------------------------------- */

/* Where the line's number begins in the message; *size 0: the message has none. */
static size_t find_line(size_t *size, const char *text, uint32_t line)
{
	char number[24];
	const char *at;

	*size = 0;
	if (line == 0)
		return 0;
	snprintf(number, sizeof(number), ":%u: ", line);
	at = strstr(text, number);
	if (at == NULL) {
		snprintf(number, sizeof(number), " %u: ", line);
		at = strstr(text, number);
	}
	if (at == NULL)
		return 0;
	*size = strlen(number) - 3;
	return (size_t)(at + 1 - text);
}

static bool is_same(const struct error_table_entry *e, const struct error_table_entry *other)
{
	size_t a_size, b_size, a = find_line(&a_size, e->text, e->line);
	size_t b = find_line(&b_size, other->text, other->line);

	return e->code == other->code && (e->line != 0) == (other->line != 0) && a == b &&
	       memcmp(e->text, other->text, a) == 0 &&
	       strcmp(e->text + a + a_size, other->text + b + b_size) == 0;
}

static void store(struct error_table_entry *to, struct error_table_entry *e)
{
	uint64_t guard = load_relaxed_u64(&to->guard), words[ERROR_TABLE_ENTRY_WORDS];

	guard += (guard & 1) != 0 ? 2 : 1; /* odd already: an earlier writer died here */
	memcpy(words, e, sizeof(words));
	store_relaxed_u64(&to->guard, guard);
	fence_release();
	for (size_t i = 1; i < ERROR_TABLE_ENTRY_WORDS; i++)
		store_relaxed_u64((uint64_t *)(void *)to + i, words[i]);
	store_release_u64(&to->guard, guard + 1);
}

/*
 * The entry for an error: that of the same one (then *before is what it tells), else a free one, else
 * the one that came last the longest ago.
 */
static uint64_t choose(struct error_table_entry *before, const struct error_table_block *block,
                       uint64_t n_used, const struct error_table_entry *e)
{
	uint64_t chosen = n_used < ERROR_TABLE_ENTRIES ? n_used : 0;
	int64_t oldest_ns = n_used < ERROR_TABLE_ENTRIES ? INT64_MIN : INT64_MAX;
	struct error_table_entry one;

	*before = (struct error_table_entry){ .count = 0 };
	for (uint64_t k = 0; k < n_used; k++) {
		if ((block->entries[k].guard & 1) != 0 ||
		    !error_table_load(&one, &block->entries[k]) || one.count == 0) {
			chosen = k;
			oldest_ns = INT64_MIN;
		} else if (is_same(&one, e)) {
			*before = one;
			return k;
		} else if (one.last_ns < oldest_ns) {
			chosen = k;
			oldest_ns = one.last_ns;
		}
	}
	return chosen;
}

static struct error_table_entry entry_of(const struct shmpub_error *what)
{
	struct error_table_entry e = {
		.count = 1,
		.first_ns = shm_now_ns(),
		.code = (uint32_t)-what->code,
		.line = what->line,
	};

	_Static_assert(sizeof(e.text) == SHMPUB_ERROR_SIZE, "a message fits");
	e.last_ns = e.first_ns;
	error_public_message(e.text, what);
	catalog_clean_line(e.text, strlen(e.text));
	return e;
}

int error_table_count(struct error_table *t, const struct shm_dir *dir, struct catalog *c,
                      const struct shm_access *access, uint32_t i, const struct shmpub_error *what,
                      struct shmpub_error *err)
{
	struct catalog_slot *slot = catalog_own_slot(c, i);
	struct error_table_entry e = entry_of(what), before;
	struct error_table_block *block;
	uint64_t generation = load_relaxed_u64(&slot->generation), n_used, k;
	size_t end;
	int r = is_in_place(t, dir) ? SHMPUB_OK : make(t, dir, c, access, err);

	if (r)
		return r;
	block = error_table_block(t, i);
	n_used = load_relaxed_u64(&slot->n_errors);
	end = n_used < ERROR_TABLE_ENTRIES ? n_used + 1 : ERROR_TABLE_ENTRIES;
	end = offsetof(struct error_table_block, entries) + end * sizeof(e);
	r = shm_room(&t->map, (size_t)((char *)block - (char *)t->map.addr), end, err);
	if (r)
		return r;
	if (n_used > ERROR_TABLE_ENTRIES || load_relaxed_u64(&block->generation) != generation)
		n_used = 0; /* the errors of another feed */
	k = choose(&before, block, n_used, &e);
	if (before.count != 0) {
		e.count = before.count + 1;
		e.first_ns = before.first_ns;
	}
	store_release_u64(&block->generation, generation);
	store(&block->entries[k], &e);
	store_release_u64(&slot->n_errors, k < n_used ? n_used : k + 1);
	return SHMPUB_OK;
}
