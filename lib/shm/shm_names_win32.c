#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/hash.h"

/*
 * shm.h on Windows: the table of an instance's names, in the memory of its publisher's process.
 *
 * A section vanishes when nobody has a handle or a view of it, so each entry of the table has a
 * handle of its own. An entry is found by its name in the instance, or by the number of its
 * section, which is unique in the process, where only a map is known. Other processes see only the
 * name `catalog`: whenever it changes, the number of its section is stored in the root page.
 */

#define BUCKETS 1024u /* a power of two */
#define NAME_SIZE 96u

struct entry {
	struct entry *next_of_name, *next_of_number;
	struct shm_names *names;
	HANDLE section;
	uint64_t number, size, committed;
	struct shm_access access;
	char name[NAME_SIZE];
};

struct shm_names {
	HANDLE root;
	struct shm_root *page;
	char path[sizeof(((struct shm_dir *)0)->path)];
	size_t n;
	struct entry *by_name[BUCKETS];
};

static SRWLOCK lock = SRWLOCK_INIT; /* protects all tables of this process, and by_number */
static struct entry *by_number[BUCKETS];

/* --- the hash tables; callers have the lock ---------------------------------------------------- */

static struct entry **name_bucket(struct shm_names *names, const char *name)
{
	return &names->by_name[hash_bytes(span_str(name), 0) & (BUCKETS - 1)];
}

static struct entry **number_bucket(uint64_t number)
{
	return &by_number[number & (BUCKETS - 1)];
}

/*
 * Returns where the pointer to the entry is stored; the pointer is NULL if there is no such entry.
 */
static struct entry **find_name(struct shm_names *names, const char *name)
{
	struct entry **at = name_bucket(names, name);

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next_of_name;
	return at;
}

static struct entry **find_number(uint64_t number)
{
	struct entry **at = number_bucket(number);

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next_of_number;
	return at;
}

static void link_number(struct entry *e)
{
	struct entry **at = number_bucket(e->number);

	e->next_of_number = *at;
	*at = e;
}

static void unlink_number(struct entry *e)
{
	struct entry **at = find_number(e->number);

	*at = e->next_of_number;
}

static void link_name(struct entry *e)
{
	struct entry **at = name_bucket(e->names, e->name);

	e->next_of_name = *at;
	*at = e;
}

static void unlink_name(struct entry *e)
{
	struct entry **at = find_name(e->names, e->name);

	*at = e->next_of_name;
}

static void drop(struct entry *e)
{
	unlink_name(e);
	unlink_number(e);
	e->names->n--;
	CloseHandle(e->section);
	mem_free(e);
}

/* Store the number of the catalog's section in the root page. */
static void publish_catalog(struct shm_names *names)
{
	struct entry *catalog = *find_name(names, "catalog");

	store_release_u64(&names->page->catalog, catalog != NULL ? catalog->number : 0);
}

/* --- the table --------------------------------------------------------------------------------- */

int shm_names_new(struct shm_names **out, const char *path, HANDLE root, struct shm_root *page,
                  struct shmpub_error *err)
{
	struct shm_names *names = mem_zalloc(1, sizeof(*names));

	*out = names;
	if (names == NULL) {
		UnmapViewOfFile(page);
		CloseHandle(root);
		return error_nomem(err, sizeof(*names));
	}
	names->root = root;
	names->page = page;
	snprintf(names->path, sizeof(names->path), "%s", path);
	return SHMPUB_OK;
}

/*
 * The number in the root page is cleared only if it is still ours: another publisher may have come.
 */
void shm_names_free(struct shm_names *names)
{
	struct entry *catalog;

	if (names == NULL)
		return;
	AcquireSRWLockExclusive(&lock);
	catalog = *find_name(names, "catalog");
	if (catalog != NULL && load_relaxed_u64(&names->page->catalog) == catalog->number)
		store_release_u64(&names->page->catalog, 0);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (names->by_name[i] != NULL)
			drop(names->by_name[i]);
	}
	ReleaseSRWLockExclusive(&lock);
	UnmapViewOfFile(names->page);
	CloseHandle(names->root);
	mem_free(names);
}

static HANDLE own_handle(HANDLE handle)
{
	HANDLE copy = NULL, self = GetCurrentProcess();

	return DuplicateHandle(self, handle, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) ? copy
	                                                                                   : NULL;
}

int shm_names_add(struct shm_names *names, const char *name, const struct shm_map *map,
                  struct shmpub_error *err)
{
	struct entry *e = mem_zalloc(1, sizeof(*e));
	bool is_taken;

	if (e == NULL)
		return error_nomem(err, sizeof(*e));
	*e = (struct entry){ .names = names,
		             .section = own_handle(shm_handle(map->fd)),
		             .number = map->number,
		             .size = map->size,
		             .committed = shm_committed(map->addr),
		             .access = { .mode = 0600, .gid = -1 } };
	if (e->section == NULL) {
		mem_free(e);
		return shm_error_win32(err, GetLastError(), "duplicate the handle of a section");
	}
	snprintf(e->name, sizeof(e->name), "%s", name);
	AcquireSRWLockExclusive(&lock);
	is_taken = *find_name(names, e->name) != NULL;
	if (!is_taken) {
		link_name(e);
		link_number(e);
		names->n++;
	}
	ReleaseSRWLockExclusive(&lock);
	if (!is_taken)
		return SHMPUB_OK;
	CloseHandle(e->section);
	mem_free(e);
	return error_set(err, SHMPUB_ERR_SYS, "%s/%s: is there already", names->path, name);
}

static void fill(struct shm_stat *out, const struct entry *e)
{
	*out = (struct shm_stat){ .id = { .number = e->number },
		                  .size = e->size,
		                  .blocks_size = e->committed,
		                  .gid = e->access.gid,
		                  .mode = e->access.mode };
	shm_user_self(&out->owner);
}

int shm_names_open(struct shm_named *out, const struct shm_dir *dir, const char *name,
                   struct shmpub_error *err)
{
	struct entry *e;
	DWORD sys = 0;

	*out = (struct shm_named){ 0 };
	AcquireSRWLockShared(&lock);
	e = *find_name(dir->names, name);
	if (e != NULL) {
		out->section = own_handle(e->section);
		sys = out->section == NULL ? GetLastError() : 0;
		fill(&out->stat, e);
	}
	ReleaseSRWLockShared(&lock);
	if (e == NULL)
		return SHM_ABSENT;
	return sys != 0
	               ? shm_error_win32(err, sys, "duplicate the handle of %s/%s", dir->path, name)
	               : SHMPUB_OK;
}

bool shm_names_path(char path[256], uint64_t number)
{
	struct entry *e;

	AcquireSRWLockShared(&lock);
	e = *find_number(number);
	if (e != NULL)
		memcpy(path, e->names->path, sizeof(e->names->path));
	ReleaseSRWLockShared(&lock);
	return e != NULL;
}

void shm_names_set_size(const struct shm_map *map)
{
	struct entry *e;

	AcquireSRWLockExclusive(&lock);
	e = *find_number(map->number);
	if (e != NULL) {
		e->size = map->size;
		e->committed = shm_committed(map->addr);
	}
	ReleaseSRWLockExclusive(&lock);
}

void shm_names_set_access(uint64_t number, const struct shm_access *access)
{
	struct entry *e;

	AcquireSRWLockExclusive(&lock);
	e = *find_number(number);
	if (e != NULL)
		e->access = *access;
	ReleaseSRWLockExclusive(&lock);
}

int shm_names_set_section(uint64_t before, const struct shm_map *map, struct shmpub_error *err)
{
	HANDLE section = own_handle(shm_handle(map->fd));
	struct entry *e;

	if (section == NULL)
		return shm_error_win32(err, GetLastError(), "duplicate the handle of a section");
	AcquireSRWLockExclusive(&lock);
	e = *find_number(before);
	if (e != NULL) {
		HANDLE old = e->section;

		unlink_number(e);
		e->section = section;
		e->number = map->number;
		e->size = map->size;
		e->committed = shm_committed(map->addr);
		e->access = (struct shm_access){ .mode = 0600, .gid = -1 };
		link_number(e);
		section = old;
		if (strcmp(e->name, "catalog") == 0)
			publish_catalog(e->names);
	}
	ReleaseSRWLockExclusive(&lock);
	CloseHandle(section);
	return SHMPUB_OK;
}

/* --- shm.h ------------------------------------------------------------------------------------- */

/* For readers, who see only the catalog's number. Another number is another catalog. */
static int stat_catalog(struct shm_stat *out, const struct shm_dir *dir, const char *name,
                        struct shmpub_error *err)
{
	struct shm_user owner;
	int r = strcmp(name, "catalog") != 0
	                ? SHM_ABSENT
	                : shm_root_look(&out->id.number, &owner, dir->path, err);

	return r == SHMPUB_OK && out->id.number == 0 ? SHM_ABSENT : r;
}

int shm_stat_name(struct shm_stat *out, const struct shm_dir *dir, const char *name,
                  struct shmpub_error *err)
{
	struct entry *e;

	*out = (struct shm_stat){ .gid = -1 };
	if (dir->names == NULL)
		return stat_catalog(out, dir, name, err);
	AcquireSRWLockShared(&lock);
	e = *find_name(dir->names, name);
	if (e != NULL)
		fill(out, e);
	ReleaseSRWLockShared(&lock);
	return e != NULL ? SHMPUB_OK : SHM_ABSENT;
}

int shm_stat_map(struct shm_stat *out, const struct shm_map *map, struct shmpub_error *err)
{
	struct entry *e;

	(void)err;
	AcquireSRWLockShared(&lock);
	e = *find_number(map->number);
	if (e != NULL)
		fill(out, e);
	ReleaseSRWLockShared(&lock);
	if (e == NULL) {
		*out = (struct shm_stat){ .id = { .number = map->number }, .gid = -1 };
		shm_user_self(&out->owner);
	}
	out->size = map->size;
	return SHMPUB_OK;
}

bool shm_map_is_in_place(const struct shm_map *map, const struct shm_dir *dir, const char *name)
{
	struct shm_stat stat;

	return map->fd >= 0 && shm_stat_name(&stat, dir, name, NULL) == SHMPUB_OK &&
	       stat.id.number == map->number;
}

int shm_remove(const struct shm_dir *dir, const char *name, struct shmpub_error *err)
{
	struct entry *e;

	(void)err;
	if (dir->names == NULL)
		return SHMPUB_OK;
	AcquireSRWLockExclusive(&lock);
	e = *find_name(dir->names, name);
	if (e != NULL && strcmp(name, "catalog") == 0)
		store_release_u64(&dir->names->page->catalog, 0);
	if (e != NULL)
		drop(e);
	ReleaseSRWLockExclusive(&lock);
	return SHMPUB_OK;
}

static void rename_entry(struct entry *e, const char *name)
{
	unlink_name(e);
	snprintf(e->name, sizeof(e->name), "%s", name);
	link_name(e);
}

/* Both entries are unlinked before their names change, and then linked again. */
static void exchange(struct entry *a, struct entry *b)
{
	char name[NAME_SIZE];

	unlink_name(a);
	unlink_name(b);
	memcpy(name, a->name, sizeof(name));
	memcpy(a->name, b->name, sizeof(name));
	memcpy(b->name, name, sizeof(name));
	link_name(a);
	link_name(b);
}

int shm_place(const struct shm_dir *dir, const char *hidden, const char *stable, bool *exchanged,
              struct shmpub_error *err)
{
	struct entry *new, *old;

	*exchanged = false;
	AcquireSRWLockExclusive(&lock);
	new = *find_name(dir->names, hidden);
	old = *find_name(dir->names, stable);
	if (new != NULL && old != NULL)
		exchange(new, old);
	else if (new != NULL)
		rename_entry(new, stable);
	*exchanged = new != NULL &&old != NULL;
	if (new != NULL && strcmp(stable, "catalog") == 0)
		publish_catalog(dir->names);
	ReleaseSRWLockExclusive(&lock);
	return new != NULL
	               ? SHMPUB_OK
	               : error_set(err, SHMPUB_ERR_SYS, "put %s/%s in place of %s: no such name",
	                           dir->path, hidden, stable);
}

/* Copy all names: the callback of shm_dir_each() may change the table. */
static char *copy_names(size_t *n, const struct shm_names *names)
{
	char *copy, *at;

	AcquireSRWLockShared(&lock);
	*n = names->n;
	copy = at = mem_alloc(names->n * NAME_SIZE + 1);
	for (size_t i = 0; copy != NULL && i < BUCKETS; i++) {
		for (const struct entry *e = names->by_name[i]; e != NULL; e = e->next_of_name) {
			memcpy(at, e->name, NAME_SIZE);
			at += NAME_SIZE;
		}
	}
	ReleaseSRWLockShared(&lock);
	return copy;
}

int shm_dir_each(const struct shm_dir *dir, void (*fn)(void *arg, const char *name), void *arg,
                 struct shmpub_error *err)
{
	size_t n = 0;
	char *copy = dir->names == NULL ? NULL : copy_names(&n, dir->names);

	if (copy == NULL)
		return dir->names == NULL ? SHMPUB_OK : error_nomem(err, n * NAME_SIZE);
	for (size_t i = 0; i < n; i++)
		fn(arg, copy + i * NAME_SIZE);
	mem_free(copy);
	return SHMPUB_OK;
}
