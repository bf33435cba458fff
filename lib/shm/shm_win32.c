#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/*
 * shm.h on Windows: making and writing segments, which are sections backed by the page file.
 *
 * A section cannot grow. So a section reserves more addresses than the segment needs, and commits
 * memory as the segment grows; when the reserve does not suffice, the segment moves to a larger
 * section. Committed memory cannot be given back either: if a segment is much smaller than its
 * section when it is sealed, it moves to a smaller one. Committed memory is certain to be
 * available, because Windows does not commit more than it has.
 *
 * Readers do not find a section while it is written: its number is not in the catalog yet, and its
 * access list admits only the owner and the system.
 */

#define NUMBER_TRIES 64
#define RESERVE_MORE ((size_t)1 << 20) /* the least reserve behind a segment */
#define EXCESS_MIN ((size_t)64 << 10)  /* less unused memory than this is not worth a move */

/* --- numbers ----------------------------------------------------------------------------------- */

static volatile LONG64 last_number;

/*
 * Numbers start with the time in microseconds, so that no earlier process has used them. If the
 * clock was set back, a number may be taken: make_section() tries the next ones.
 */
static uint64_t next_number(void)
{
	if (InterlockedCompareExchange64(&last_number, 0, 0) == 0)
		(void)InterlockedCompareExchange64(&last_number, shm_now_ns() / 1000, 0);
	return (uint64_t)InterlockedIncrement64(&last_number);
}

/* --- views ------------------------------------------------------------------------------------- */

size_t shm_page_size(void)
{
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	return info.dwPageSize;
}

size_t shm_committed(const void *addr)
{
	MEMORY_BASIC_INFORMATION info;

	return addr != NULL && VirtualQuery(addr, &info, sizeof(info)) == sizeof(info) &&
	                       info.State == MEM_COMMIT
	               ? info.RegionSize
	               : 0;
}

/* The committed bytes of the section, and those that can still be committed after them. */
static size_t reserved(const struct shm_map *map)
{
	size_t committed = shm_committed(map->addr);
	MEMORY_BASIC_INFORMATION info;

	if (VirtualQuery((char *)map->addr + committed, &info, sizeof(info)) != sizeof(info) ||
	    info.State != MEM_RESERVE || info.AllocationBase != map->addr)
		return committed;
	return committed + info.RegionSize;
}

static int commit(const struct shm_map *map, size_t size, struct shmpub_error *err)
{
	if (size <= shm_committed(map->addr))
		return SHMPUB_OK;
	if (VirtualAlloc(map->addr, size, MEM_COMMIT, PAGE_READWRITE) != NULL)
		return SHMPUB_OK;
	return shm_error_win32(err, GetLastError(), "commit %zu bytes of shared memory", size);
}

void shm_discard(struct shm_map *map)
{
	if (map->addr != NULL)
		UnmapViewOfFile(map->addr);
	if (map->fd >= 0)
		CloseHandle(shm_handle(map->fd));
	*map = SHM_MAP_NONE;
}

/* --- making ------------------------------------------------------------------------------------ */

/* True when an object of that name exists, whether ours, another user's or of another kind. */
static bool is_taken(DWORD sys)
{
	return sys == ERROR_ALREADY_EXISTS || sys == ERROR_INVALID_HANDLE ||
	       sys == ERROR_ACCESS_DENIED;
}

static int make_section(struct shm_map *map, const char *path, size_t size, DWORD kind,
                        struct shmpub_error *err)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	char leaf[SHM_LEAF_UNITS];
	struct shm_list list;
	DWORD sys = ERROR_ALREADY_EXISTS;
	HANDLE section = NULL;
	int r = shm_list_init(&list, &shm_section_rights, NULL, err);

	if (r != SHMPUB_OK)
		return r;
	for (int i = 0; i < NUMBER_TRIES && is_taken(sys); i++) {
		map->number = next_number();
		map->id.number = map->number;
		snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)map->number);
		shm_object_name(name, path, leaf);
		SetLastError(ERROR_SUCCESS);
		section = CreateFileMappingW(INVALID_HANDLE_VALUE, &list.attributes,
		                             PAGE_READWRITE | kind, (DWORD)((uint64_t)size >> 32),
		                             (DWORD)(size & UINT32_MAX), name);
		sys = GetLastError();
		if (section == NULL || sys != ERROR_ALREADY_EXISTS)
			continue;
		CloseHandle(section);
		section = NULL;
	}
	if (section == NULL)
		return shm_error_win32(err, sys, "make a section of %zu bytes in %s", size, path);
	return shm_take_handle(&map->fd, section, err);
}

/* Make a section of `reserve` bytes, of which `size` are committed. */
static int make(struct shm_map *out, const char *path, size_t size, size_t reserve,
                struct shmpub_error *err)
{
	struct shm_map map = SHM_MAP_NONE;
	DWORD kind = reserve > size ? SEC_RESERVE : SEC_COMMIT;
	int r = make_section(&map, path, reserve > 0 ? reserve : 1, kind, err);

	*out = SHM_MAP_NONE;
	if (r != SHMPUB_OK)
		return r;
	map.addr = MapViewOfFile(shm_handle(map.fd), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
	map.is_writable = true;
	if (map.addr == NULL)
		r = shm_error_win32(err, GetLastError(), "map a section of %zu bytes", reserve);
	else if (kind == SEC_RESERVE)
		r = commit(&map, size > 0 ? size : 1, err);
	if (r != SHMPUB_OK) {
		shm_discard(&map);
		return r;
	}
	map.size = size;
	*out = map;
	return SHMPUB_OK;
}

static size_t reserve_for(size_t size)
{
	size_t more = size > RESERVE_MORE ? size : RESERVE_MORE;

	return size > PTRDIFF_MAX - more ? PTRDIFF_MAX : size + more;
}

static int too_large(size_t size, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_LIMIT, "%zu bytes are more than a section can have", size);
}

static int create(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
                  size_t reserve, const struct shm_access *access, struct shmpub_error *err)
{
	struct shm_user group;
	int r;

	*out = SHM_MAP_NONE;
	if (size > (size_t)PTRDIFF_MAX)
		return too_large(size, err);
	if (dir->names == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: opened for reading only", dir->path);
	if (!access->may_lack_group && access->gid >= 0 && !shm_group_sid(&group, access->gid))
		return error_set(err, SHMPUB_ERR_INVALID, "group %lld: there is no such group",
		                 (long long)access->gid);
	r = make(out, dir->path, size, reserve, err);
	if (r == SHMPUB_OK)
		r = shm_names_add(dir->names, name, out, err);
	if (r != SHMPUB_OK)
		shm_discard(out);
	return r;
}

int shm_create(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
               const struct shm_access *access, struct shmpub_error *err)
{
	return create(out, dir, name, size, reserve_for(size), access, err);
}

/* All bytes are committed: reading a page that is only reserved would be an access violation. */
int shm_create_sparse(struct shm_map *out, const struct shm_dir *dir, const char *name, size_t size,
                      size_t room, const struct shm_access *access, struct shmpub_error *err)
{
	(void)room;
	return create(out, dir, name, size, size, access, err);
}

int shm_room(const struct shm_map *map, size_t offset, size_t size, struct shmpub_error *err)
{
	return commit(map, offset + size, err);
}

/* --- another size ------------------------------------------------------------------------------ */

/* Copy the segment to another section. It keeps its name, and gets another number. */
static int move(struct shm_map *map, size_t size, size_t reserve, struct shmpub_error *err)
{
	size_t kept = map->size < size ? map->size : size;
	char path[sizeof(((struct shm_dir *)0)->path)];
	struct shm_map next;
	int r;

	if (!shm_names_path(path, map->number))
		return error_set(err, SHMPUB_ERR_SYS, "a segment without a name cannot grow");
	r = make(&next, path, size, reserve, err);
	if (r != SHMPUB_OK)
		return r;
	memcpy(next.addr, map->addr, kept);
	r = shm_names_set_section(map->number, &next, err);
	if (r != SHMPUB_OK) {
		shm_discard(&next);
		return r;
	}
	shm_discard(map);
	*map = next;
	return SHMPUB_OK;
}

int shm_resize(struct shm_map *map, size_t size, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (size > (size_t)PTRDIFF_MAX)
		return too_large(size, err);
	if (size > reserved(map))
		return move(map, size, reserve_for(size), err);
	r = commit(map, size, err);
	if (r != SHMPUB_OK)
		return r;
	if (size < map->size) /* bytes must be zero if it grows again */
		memset((char *)map->addr + size, 0, map->size - size);
	map->size = size;
	shm_names_set_size(map);
	return SHMPUB_OK;
}

/* Do not keep much unused memory, if there is memory for a copy. */
static void shrink(struct shm_map *map)
{
	size_t bound = map->size / 4 > EXCESS_MIN ? map->size / 4 : EXCESS_MIN;

	if (shm_committed(map->addr) - map->size > bound)
		(void)move(map, map->size, map->size, NULL);
}

static int seal(struct shm_map *map, struct shmpub_error *err)
{
	DWORD before;

	if (!VirtualProtect(map->addr, shm_committed(map->addr), PAGE_READONLY, &before))
		return shm_error_win32(err, GetLastError(), "seal a segment of %zu bytes",
		                       map->size);
	map->is_writable = false;
	return SHMPUB_OK;
}

int shm_seal(struct shm_map *map, size_t size, const struct shm_access *access,
             struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (size > map->size)
		r = shm_resize(map, size, err);
	if (r != SHMPUB_OK)
		return r;
	map->size = size;
	shrink(map);
	shm_names_set_size(map);
	r = shm_access_set(map, access, err);
	return r == SHMPUB_OK ? seal(map, err) : r;
}

/* --- who may read ------------------------------------------------------------------------------ */

static int set_access(HANDLE section, uint64_t number, const struct shm_access *access,
                      struct shmpub_error *err)
{
	DWORD sys = shm_list_set(section, &shm_section_rights, access);

	if (sys != 0)
		return shm_error_win32(err, sys, "mode %04o and group %lld of a section",
		                       access->mode, (long long)access->gid);
	shm_names_set_access(number, access);
	return SHMPUB_OK;
}

int shm_access_set(const struct shm_map *map, const struct shm_access *access,
                   struct shmpub_error *err)
{
	return set_access(shm_handle(map->fd), map->number, access, err);
}

int shm_access_set_name(const struct shm_dir *dir, const char *name, const struct shm_id *id,
                        const struct shm_access *access, struct shmpub_error *err)
{
	struct shm_named named;
	int r = shm_names_open(&named, dir, name, err);

	if (r != SHMPUB_OK)
		return r;
	r = shm_id_equal(&named.stat.id, id) ? set_access(named.section, id->number, access, err)
	                                     : SHM_ABSENT;
	CloseHandle(named.section);
	return r;
}

/* --- recycling, which needs leases: there are none on Windows ---------------------------------- */

int shm_recycle(struct shm_map *map, const struct shm_dir *dir, const char *name,
                struct shmpub_error *err)
{
	(void)map, (void)dir, (void)name;
	return error_set(err, SHMPUB_ERR_SYS, "Windows does not tell who has a snapshot mapped");
}

bool shm_lease_holds(const struct shm_map *map)
{
	(void)map;
	return true;
}

int shm_lease_return(struct shm_map *map)
{
	map->is_writable = false;
	return 0;
}

void shm_empty(struct shm_map *map)
{
	shm_discard(map);
}

int shm_probe(const struct shm_map *map)
{
	(void)map;
	return SHMPUB_ERR_SYS;
}

int shm_probe_name(const struct shm_dir *dir, const char *name)
{
	(void)dir, (void)name;
	return SHMPUB_ERR_SYS;
}
