/*
 * What the files of shm_*win32.c share. In lib/, nobody else includes this; platform files of the
 * programs may.
 *
 * Threads: any, unless said. Errors: as in shm.h; SHMPUB_ERR_SYS has the number of GetLastError().
 */
#ifndef SHMPUB_SHM_WIN32_H
#define SHMPUB_SHM_WIN32_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include "base/error.h"
#include "shm/shm.h"

#define SHM_NAME_UNITS 250 /* UTF-16 units of the longest name of an object */
#define SHM_LEAF_UNITS 21  /* of them, for a slash and a number */

/* --- shm_text_win32.c ------------------------------------------------------------------------- */

/* SHMPUB_ERR_SYS with the system's own text for `code` after ": ". */
int shm_error_win32(struct shmpub_error *err, DWORD code, const char *format, ...)
        PRINTF_LIKE(3, 4);
/* The number of units without the NUL; 0: not UTF-8, empty, or too long. */
size_t shm_wide(wchar_t *out, size_t room, const char *text);
/* False when it does not fit; then `out` is empty. */
bool shm_narrow(char *out, size_t room, const wchar_t *text);

/* --- handles ---------------------------------------------------------------------------------- */

static inline HANDLE shm_handle(int fd)
{
	return (HANDLE)(intptr_t)fd;
}

/* Takes the handle: it is closed when it is none that an int can hold. */
int shm_take_handle(int *out, HANDLE handle, struct shmpub_error *err);

/* --- shm_access_win32.c ----------------------------------------------------------------------- */

/* What a list grants: everything to its owner and to the system, and this to readers. */
struct shm_rights {
	DWORD owner, readers;
};
extern const struct shm_rights shm_section_rights, shm_event_rights;

#define SHM_LIST_SIZE 512

/* A security descriptor in one piece. It must not be moved. */
struct shm_list {
	SECURITY_ATTRIBUTES attributes; /* for the functions that make objects */
	SECURITY_DESCRIPTOR descriptor;
	struct shm_user owner;
	union {
		ACL list;
		uint32_t room[SHM_LIST_SIZE / 4]; /* the kernel wants it aligned */
	} acl;
};

/* access NULL: for nobody but the owner and the system. */
int shm_list_init(struct shm_list *out, const struct shm_rights *rights,
                  const struct shm_access *access, struct shmpub_error *err);
/* Give an object of ours another list; the handle needs WRITE_DAC. 0, or GetLastError(). */
DWORD shm_list_set(HANDLE object, const struct shm_rights *rights, const struct shm_access *access);
/* Owner, mode and group of an object; the handle needs READ_CONTROL. 0, or GetLastError(). */
DWORD shm_list_get(struct shm_stat *out, HANDLE object);
/* SHMPUB_ERR_OWNER, unless the object is this user's or the system's. */
int shm_check_ours(HANDLE object, const char *what, struct shmpub_error *err);

/* --- shm_user_win32.c ------------------------------------------------------------------------- */

/* A copy of a valid SID; nobody when it is longer than one may be. */
void shm_user_of_sid(struct shm_user *out, PSID sid);
static inline PSID shm_sid(const struct shm_user *user)
{
	return (PSID)(uintptr_t)user->bytes;
}
/* The SID that a number of shm_group_find() stands for; false: there is none. */
bool shm_group_sid(struct shm_user *out, int64_t gid);
/* The other way round; -1: nobody asked for that group. */
int64_t shm_group_known(const struct shm_user *group);

/* --- shm_root_win32.c ------------------------------------------------------------------------- */

#define SHM_ROOT_SIZE 4096

/* The section with a fixed name, which leads to the catalog: docs/FORMAT.md, "On Windows". */
struct shm_root {
	uint8_t magic[8];
	uint32_t version, reserved;
	uint64_t catalog; /* [atomic] number of the catalog's section; 0: none */
};

/* The name of an object of an instance; `leaf` has less than SHM_LEAF_UNITS bytes. */
void shm_object_name(wchar_t out[SHM_NAME_UNITS + 1], const char *path, const char *leaf);
/* SHMPUB_ERR_ACCESS: an object of that name is of another kind, or of another program's. */
int shm_name_taken(const char *path, const char *leaf, const char *how, struct shmpub_error *err);

/* Make or open a root page for writing. SHM_ABSENT: there is none, and this process may not make one. */
int shm_root_make(HANDLE *out, struct shm_root **page, const char *path, struct shmpub_error *err);
/* A root page as readers see it now: its number, its owner. SHM_ABSENT. */
int shm_root_look(uint64_t *catalog, struct shm_user *owner, const char *path,
                  struct shmpub_error *err);

/* --- shm_names_win32.c ------------------------------------------------------------------------ */

/* Takes handle and page of the root page, also on failure. */
int shm_names_new(struct shm_names **out, const char *path, HANDLE root, struct shm_root *page,
                  struct shmpub_error *err);
/* Closes everything in it; the root page loses its number. NULL is fine. */
void shm_names_free(struct shm_names *names);
/* A new name for the section of `map`; SHMPUB_ERR_SYS: it means something already. */
int shm_names_add(struct shm_names *names, const char *name, const struct shm_map *map,
                  struct shmpub_error *err);

/* What a name, or the name of a section, leads to. */
struct shm_named {
	HANDLE section; /* the caller's own */
	struct shm_stat stat;
};
/* SHM_ABSENT. */
int shm_names_open(struct shm_named *out, const struct shm_dir *dir, const char *name,
                   struct shmpub_error *err);
/* The path of the instance that a section belongs to; false: it has no name any more. */
bool shm_names_path(char path[256], uint64_t number);
/* The section of `map` has another size now. */
void shm_names_resized(const struct shm_map *map);
/* It has another access list. */
void shm_names_opened(uint64_t number, const struct shm_access *access);
/* The name of the section `before` means that of `map` from now on. */
int shm_names_moved(uint64_t before, const struct shm_map *map, struct shmpub_error *err);

/* --- shm_win32.c ------------------------------------------------------------------------------ */

/* How many bytes from the view's first on are really there. */
size_t shm_committed(const void *addr);

#endif
