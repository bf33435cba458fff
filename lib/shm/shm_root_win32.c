#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/atomic.h"

/*
 * shm.h on Windows: the root page, the one section of an instance that has a fixed name.
 *
 * Every program of the session may use any name for its objects. So the object of this name may be
 * anything: an event, a section of another size, a section of another user. It is checked before it
 * is used. A root page that still exists after its publisher has ended, because another program has
 * a handle of it, is used again.
 */

#define LEAF "catalog"
#define VERSION 1u

static const uint8_t magic[8] = { 'S', 'H', 'M', 'P', 'U', 'B', 'R', 1 };
/* All users may read the root page; the access list of the catalog decides who may read that. */
static const struct shm_access everybody = { .mode = 0644, .gid = -1 };

void shm_object_name(wchar_t out[SHM_NAME_UNITS + 1], const char *path, const char *leaf)
{
	size_t n = shm_wide(out, SHM_NAME_UNITS + 1 - SHM_LEAF_UNITS, path);

	out[n++] = L'/';
	(void)shm_wide(out + n, SHM_LEAF_UNITS, leaf);
}

int shm_name_taken(const char *path, const char *leaf, const char *how, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_ACCESS,
	                 "%s/%s: the name is taken by another program's object, %s; end that "
	                 "program, or take another instance or directory",
	                 path, leaf, how);
}

static bool is_root(const struct shm_root *page)
{
	return memcmp(page->magic, magic, sizeof(magic)) == 0 && page->version == VERSION &&
	       page->reserved == 0;
}

static bool is_unsigned(const struct shm_root *page)
{
	return load_acquire_u64((const uint64_t *)(const void *)page->magic) == 0 &&
	       load_relaxed_u64(&page->catalog) == 0;
}

static size_t view_size(const void *view)
{
	MEMORY_BASIC_INFORMATION info;

	return VirtualQuery(view, &info, sizeof(info)) == sizeof(info) && info.State == MEM_COMMIT
	               ? info.RegionSize
	               : 0;
}

/* --- for publishers ---------------------------------------------------------------------------- */

/*
 * Why the section could not be made. SHM_ABSENT: it does not exist, and this process may not make
 * it.
 */
static int not_made(const char *path, const wchar_t *name, DWORD sys, struct shmpub_error *err)
{
	char what[300];
	HANDLE object;
	int r;

	if (sys == ERROR_INVALID_HANDLE)
		return shm_name_taken(path, LEAF, "which is of another kind", err);
	if (sys != ERROR_ACCESS_DENIED)
		return shm_error_win32(err, sys, "make the section %s/" LEAF, path);
	object = OpenFileMappingW(READ_CONTROL, FALSE, name);
	if (object == NULL && GetLastError() == ERROR_FILE_NOT_FOUND)
		return SHM_ABSENT;
	snprintf(what, sizeof(what), "%s/" LEAF, path);
	r = object == NULL ? SHMPUB_OK : shm_check_ours(object, what, err);
	if (object != NULL)
		CloseHandle(object);
	if (r != SHMPUB_OK)
		return r;
	return error_set(err, SHMPUB_ERR_ACCESS, "%s: access denied: it is another user's", what);
}

/*
 * Fill a new page, whose bytes are zero, or check an old one. Two publishers that start at once
 * store the same values. The magic is stored last: to a reader a page without it does not exist
 * yet.
 */
static int sign(struct shm_root *page, const char *path, struct shmpub_error *err)
{
	uint64_t word;

	if (view_size(page) != SHM_ROOT_SIZE)
		return shm_name_taken(path, LEAF, "a section of another size", err);
	if (is_unsigned(page)) {
		store_relaxed_u32(&page->version, VERSION);
		memcpy(&word, magic, sizeof(word));
		store_release_u64((uint64_t *)(void *)page->magic, word);
	}
	return is_root(page) ? SHMPUB_OK
	                     : shm_name_taken(path, LEAF, "a section with other content", err);
}

static int take(HANDLE section, struct shm_root **page, const char *path, bool is_old,
                struct shmpub_error *err)
{
	char what[300];
	int r = SHMPUB_OK;

	snprintf(what, sizeof(what), "%s/" LEAF, path);
	if (is_old)
		r = shm_check_ours(section, what, err);
	if (r != SHMPUB_OK)
		return r;
	if (is_old) /* its list may have been changed; this fails if the system owns the page */
		(void)shm_list_set(section, &shm_section_rights, &everybody);
	*page = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
	if (*page == NULL)
		return shm_error_win32(err, GetLastError(), "map the section %s", what);
	r = sign(*page, path, err);
	if (r != SHMPUB_OK) {
		UnmapViewOfFile(*page);
		*page = NULL;
	}
	return r;
}

int shm_root_make(HANDLE *out, struct shm_root **page, const char *path, struct shmpub_error *err)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	struct shm_list list;
	HANDLE section;
	bool is_old;
	int r = shm_list_init(&list, &shm_section_rights, &everybody, err);

	*out = NULL;
	*page = NULL;
	if (r != SHMPUB_OK)
		return r;
	shm_object_name(name, path, LEAF);
	SetLastError(ERROR_SUCCESS);
	section = CreateFileMappingW(INVALID_HANDLE_VALUE, &list.attributes, PAGE_READWRITE, 0,
	                             SHM_ROOT_SIZE, name);
	is_old = GetLastError() == ERROR_ALREADY_EXISTS;
	if (section == NULL)
		return not_made(path, name, GetLastError(), err);
	r = take(section, page, path, is_old, err);
	if (r != SHMPUB_OK)
		CloseHandle(section);
	else
		*out = section;
	return r;
}

/* --- for readers ------------------------------------------------------------------------------- */

static int not_opened(const char *path, DWORD sys, struct shmpub_error *err)
{
	if (sys == ERROR_FILE_NOT_FOUND || sys == ERROR_PATH_NOT_FOUND)
		return SHM_ABSENT;
	if (sys == ERROR_INVALID_HANDLE)
		return shm_name_taken(path, LEAF, "which is of another kind", err);
	(void)shm_error_win32(err, sys, "open the section %s/" LEAF, path);
	if (sys != ERROR_ACCESS_DENIED)
		return SHMPUB_ERR_SYS;
	if (err != NULL)
		err->code = SHMPUB_ERR_ACCESS;
	return SHMPUB_ERR_ACCESS;
}

/* SHM_ABSENT for a page without magic: its publisher is just starting. */
static int look(uint64_t *catalog, const struct shm_root *page, const char *path,
                struct shmpub_error *err)
{
	if (view_size(page) < sizeof(*page))
		return shm_name_taken(path, LEAF, "a section without memory", err);
	if (is_unsigned(page))
		return SHM_ABSENT;
	if (!is_root(page))
		return error_set(err, SHMPUB_ERR_FORMAT, "%s/" LEAF ": not a root page of ours",
		                 path);
	*catalog = load_acquire_u64(&page->catalog);
	return SHMPUB_OK;
}

int shm_root_look(uint64_t *catalog, struct shm_user *owner, const char *path,
                  struct shmpub_error *err)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	struct shm_root *page;
	struct shm_stat stat;
	HANDLE section;
	DWORD sys;
	int r;

	*catalog = 0;
	shm_object_name(name, path, LEAF);
	section = OpenFileMappingW(FILE_MAP_READ | READ_CONTROL, FALSE, name);
	if (section == NULL)
		return not_opened(path, GetLastError(), err);
	page = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
	sys = page == NULL ? GetLastError() : shm_list_get(&stat, section);
	CloseHandle(section);
	r = sys != 0 ? shm_error_win32(err, sys, "look at the section %s/" LEAF, path)
	             : look(catalog, page, path, err);
	if (page != NULL)
		UnmapViewOfFile(page);
	if (r == SHMPUB_OK)
		*owner = stat.owner;
	return r;
}
