/*
 * What the files shm_*win32.c share. No other file of lib/ includes this; platform files of the
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
#define SHM_LEAF_UNITS 21  /* the part of them that a slash and a number may need */

/* --- shm_text_win32.c ------------------------------------------------------------------------- */

/* SHMPUB_ERR_SYS; the message is the formatted text, ": " and the system's text for `code`. */
int shm_error_win32(struct shmpub_error *err, DWORD code, const char *format, ...)
        PRINTF_LIKE(3, 4);
/*
 * To UTF-16. Returns the number of units without the NUL; 0: `text` is not UTF-8, empty, or too
 * long.
 */
size_t shm_wide(wchar_t *out, size_t room, const char *text);
/* To UTF-8. False when it does not fit; then `out` is empty. */
bool shm_narrow(char *out, size_t room, const wchar_t *text);

/* --- handles ---------------------------------------------------------------------------------- */

static inline HANDLE shm_handle(int fd)
{
	return (HANDLE)(intptr_t)fd;
}

/* Store the handle in an int. On failure (its number is too large) the handle is closed. */
int shm_take_handle(int *out, HANDLE handle, struct shmpub_error *err);

/* --- shm_access_win32.c ----------------------------------------------------------------------- */

/* The access rights that an access list grants: to the owner and the system, and to readers. */
struct shm_rights {
	DWORD owner, readers;
};
extern const struct shm_rights shm_section_rights, shm_event_rights;

#define SHM_LIST_SIZE 512

/* A security descriptor with its access list. It has pointers into itself: do not copy it. */
struct shm_list {
	SECURITY_ATTRIBUTES attributes; /* for the functions that make objects */
	SECURITY_DESCRIPTOR descriptor;
	struct shm_user owner;
	union {
		ACL list;
		uint32_t room[SHM_LIST_SIZE /
		              4]; /* uint32_t for the alignment that Windows requires */
	} acl;
};

/* access NULL: no readers, only the owner and the system. */
int shm_list_init(struct shm_list *out, const struct shm_rights *rights,
                  const struct shm_access *access, struct shmpub_error *err);
/* Replace an object's access list; the handle needs WRITE_DAC. Returns 0 or GetLastError(). */
DWORD shm_list_set(HANDLE object, const struct shm_rights *rights, const struct shm_access *access);
/*
 * Read owner, mode and group of an object; the handle needs READ_CONTROL. Returns 0 or
 * GetLastError().
 */
DWORD shm_list_get(struct shm_stat *out, HANDLE object);
/* SHMPUB_OK when the object belongs to this user or the system; else SHMPUB_ERR_OWNER. */
int shm_check_ours(HANDLE object, const char *what, struct shmpub_error *err);

/* --- shm_user_win32.c ------------------------------------------------------------------------- */

/* Copy a SID. *out is nobody (size 0) when it is not valid. */
void shm_user_of_sid(struct shm_user *out, PSID sid);
static inline PSID shm_sid(const struct shm_user *user)
{
	return (PSID)(uintptr_t)user->bytes;
}
/* Find the SID for a number that shm_group_find() has returned; false: it has not. */
bool shm_group_sid(struct shm_user *out, int64_t gid);
/* Find the number for a SID; -1: shm_group_find() was not asked for it. */
int64_t shm_group_known(const struct shm_user *group);

/* --- shm_root_win32.c ------------------------------------------------------------------------- */

#define SHM_ROOT_SIZE 4096

/*
 * The section with a fixed name that has the number of the catalog: docs/FORMAT.md, "On Windows".
 */
struct shm_root {
	uint8_t magic[8];
	uint32_t version, reserved;
	uint64_t catalog; /* [atomic] number of the catalog's section; 0: none */
};

/* Make the name of a kernel object: path/leaf. `leaf` has less than SHM_LEAF_UNITS bytes. */
void shm_object_name(wchar_t out[SHM_NAME_UNITS + 1], const char *path, const char *leaf);
/* SHMPUB_ERR_ACCESS: another program has an object of that name; `how` says what kind of object. */
int shm_name_taken(const char *path, const char *leaf, const char *how, struct shmpub_error *err);

/*
 * Make a root page, or open it for writing. SHM_ABSENT: there is none, and this process may not
 * make it.
 */
int shm_root_make(HANDLE *out, struct shm_root **page, const char *path, struct shmpub_error *err);
/* For readers: the number in the root page, and the page's owner. SHM_ABSENT: there is none. */
int shm_root_look(uint64_t *catalog, struct shm_user *owner, const char *path,
                  struct shmpub_error *err);

/* --- shm_names_win32.c ------------------------------------------------------------------------ */

/* Make an empty table. It owns `root` and `page`, which are closed on failure too. */
int shm_names_new(struct shm_names **out, const char *path, HANDLE root, struct shm_root *page,
                  struct shmpub_error *err);
/* Close all sections of the table, and clear the number in the root page. NULL is fine. */
void shm_names_free(struct shm_names *names);
/* Add a name for the section of `map`. SHMPUB_ERR_SYS: the name exists already. */
int shm_names_add(struct shm_names *names, const char *name, const struct shm_map *map,
                  struct shmpub_error *err);

/* A section that was found by its name. */
struct shm_named {
	HANDLE section; /* a copy, which the caller closes */
	struct shm_stat stat;
};
/* SHM_ABSENT: there is no such name. */
int shm_names_open(struct shm_named *out, const struct shm_dir *dir, const char *name,
                   struct shmpub_error *err);
/*
 * Find the path of the instance that a section belongs to; false: the section has no name any more.
 */
bool shm_names_path(char path[256], uint64_t number);
/* To be called after the size of the section of `map` has changed. */
void shm_names_set_size(const struct shm_map *map);
/* To be called after the access list of a section has changed. */
void shm_names_set_access(uint64_t number, const struct shm_access *access);
/* Let the name of the section `before` mean the section of `map`. */
int shm_names_set_section(uint64_t before, const struct shm_map *map, struct shmpub_error *err);

/* --- shm_win32.c ------------------------------------------------------------------------------ */

/* How many bytes of a view are committed, that is, may be read; 0 when it cannot be known. */
size_t shm_committed(const void *addr);

#endif
