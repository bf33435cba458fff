#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

/*
 * shm.h on Windows: mapping segments.
 *
 * A reader opens a section by its number, maps it, and closes the handle. The view keeps the
 * memory, and the name is free when the publisher has closed its handle. Numbers and sizes come
 * from memory that other processes write, so the system is asked whether that many bytes are
 * committed before they are read: reading others is an access violation.
 */

#define LOOKS 64 /* how often to try when catalogs are replaced at the same time */

/* --- views ------------------------------------------------------------------------------------- */

static int not_mapped(const char *what, DWORD sys, uint64_t size, struct shmpub_error *err)
{
	if (sys == ERROR_ACCESS_DENIED && size > 0)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "%s: the section is smaller than the catalog says (%llu bytes)",
		                 what, (unsigned long long)size);
	return shm_error_win32(err, sys, "map the section %s", what);
}

/* Set the size of the map, after checking that the bytes are committed. size 0: all that are. */
static int check_view(struct shm_map *map, const char *what, uint64_t size,
                      struct shmpub_error *err)
{
	size_t committed = shm_committed(map->addr);

	map->size = size > 0 ? (size_t)size : committed;
	if (committed > 0 && committed >= size)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_FORMAT,
	                 "%s: the section has memory for %zu bytes only, the catalog says %llu",
	                 what, committed, (unsigned long long)size);
}

static int map_section(struct shm_map *out, HANDLE section, const char *what, uint64_t size,
                       bool is_writable, struct shmpub_error *err)
{
	struct shm_map map = SHM_MAP_NONE;
	DWORD how = FILE_MAP_READ | (is_writable ? FILE_MAP_WRITE : 0);
	int r;

	*out = SHM_MAP_NONE;
	map.addr = MapViewOfFile(section, how, 0, 0, (size_t)size);
	if (map.addr == NULL)
		return not_mapped(what, GetLastError(), size, err);
	r = check_view(&map, what, size, err);
	if (r == SHMPUB_OK)
		*out = map;
	else
		shm_discard(&map);
	return r;
}

/* --- for readers ------------------------------------------------------------------------------- */

static int denied(const char *what, struct shmpub_error *err)
{
	char me[SHM_USER_TEXT];
	struct shm_user self;

	shm_user_self(&self);
	shm_user_text(me, &self);
	(void)error_set(err, SHMPUB_ERR_ACCESS,
	                "%s: permission denied for %s (file_mode and group of the publisher decide "
	                "who may read)",
	                what, me);
	if (err != NULL)
		err->sys = ERROR_ACCESS_DENIED;
	return SHMPUB_ERR_ACCESS;
}

static int not_opened(const char *what, DWORD sys, struct shmpub_error *err)
{
	if (sys == ERROR_FILE_NOT_FOUND)
		return SHM_ABSENT;
	if (sys == ERROR_ACCESS_DENIED)
		return denied(what, err);
	if (sys == ERROR_INVALID_HANDLE)
		return error_set(err, SHMPUB_ERR_FORMAT, "%s: an object that is no section", what);
	return shm_error_win32(err, sys, "open the section %s", what);
}

static int map_number(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                      uint64_t number, uint64_t size, struct shmpub_error *err)
{
	char leaf[SHM_LEAF_UNITS], what[sizeof(dir->path) + SHM_LEAF_UNITS];
	wchar_t name[SHM_NAME_UNITS + 1];
	HANDLE section;
	DWORD sys;
	int r;

	*out = SHM_MAP_NONE;
	snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)number);
	snprintf(what, sizeof(what), "%s/%s", dir->path, leaf);
	shm_object_name(name, dir->path, leaf);
	section = OpenFileMappingW(FILE_MAP_READ | READ_CONTROL, FALSE, name);
	if (section == NULL)
		return not_opened(what, GetLastError(), err);
	*stat = (struct shm_stat){ .id = { .number = number } };
	sys = shm_list_get(stat, section);
	r = sys != 0 ? shm_error_win32(err, sys, "%s: ask for its owner", what)
	             : map_section(out, section, what, size, false, err);
	CloseHandle(section);
	if (r != SHMPUB_OK)
		return r;
	out->number = number;
	stat->size = out->size;
	stat->blocks_size = shm_committed(out->addr);
	return SHMPUB_OK;
}

/*
 * The catalog may be replaced after its number was read from the root page: then try the new
 * number.
 */
static int map_catalog(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                       struct shmpub_error *err)
{
	struct shm_user owner;
	uint64_t number, before = 0;
	int r;

	for (int i = 0; i < LOOKS; i++) {
		r = shm_root_look(&number, &owner, dir->path, err);
		if (r != SHMPUB_OK)
			return r;
		if (number == 0 || number == before)
			return SHM_ABSENT; /* its publisher has stopped, or died */
		r = map_number(out, stat, dir, number, 0, err);
		if (r != SHM_ABSENT)
			return r;
		before = number;
	}
	return SHM_ABSENT;
}

int shm_map_snapshot(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                     const char *name, uint64_t number, uint64_t size, struct shmpub_error *err)
{
	*out = SHM_MAP_NONE;
	if (number == 0)
		return SHM_ABSENT;
	if (size == 0 || size > PTRDIFF_MAX)
		return error_set(err, SHMPUB_ERR_FORMAT, "%s/%s: no snapshot has %llu bytes",
		                 dir->path, name, (unsigned long long)size);
	return map_number(out, stat, dir, number, size, err);
}

/* --- for publishers ---------------------------------------------------------------------------- */

static int map_name(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                    const char *name, bool is_writable, struct shmpub_error *err)
{
	struct shm_named named;
	int r = shm_names_open(&named, dir, name, err);

	*out = SHM_MAP_NONE;
	if (r != SHMPUB_OK)
		return r;
	r = map_section(out, named.section, name, 0, is_writable, err);
	if (r == SHMPUB_OK && is_writable)
		r = shm_take_handle(&out->fd, named.section, err);
	else
		CloseHandle(named.section);
	if (r != SHMPUB_OK) {
		shm_discard(out);
		return r;
	}
	*stat = named.stat;
	out->number = named.stat.id.number;
	out->size = (size_t)named.stat.size;
	out->is_writable = is_writable;
	return SHMPUB_OK;
}

int shm_map_read(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                 const char *name, struct shmpub_error *err)
{
	*out = SHM_MAP_NONE;
	if (dir->names != NULL)
		return map_name(out, stat, dir, name, false, err);
	return strcmp(name, "catalog") == 0 ? map_catalog(out, stat, dir, err) : SHM_ABSENT;
}

int shm_map_write(struct shm_map *out, struct shm_stat *stat, const struct shm_dir *dir,
                  const char *name, struct shmpub_error *err)
{
	*out = SHM_MAP_NONE;
	return dir->names != NULL ? map_name(out, stat, dir, name, true, err) : SHM_ABSENT;
}

/* Writing the word into a page that is copied on writing makes it this process's own. */
int shm_freeze(const struct shm_map *map, size_t at, struct shmpub_error *err)
{
	volatile uint32_t *word = (volatile uint32_t *)(void *)((char *)map->addr + at);
	DWORD before;

	if (!VirtualProtect((void *)word, sizeof(*word), PAGE_WRITECOPY, &before))
		return shm_error_win32(err, GetLastError(), "a page of a snapshot that grows");
	*word = *word;
	if (!VirtualProtect((void *)word, sizeof(*word), PAGE_READONLY, &before))
		return shm_error_win32(err, GetLastError(), "a page of a snapshot that grows");
	return SHMPUB_OK;
}
