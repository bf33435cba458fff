/*
 * Paths and failures of Windows, for the daemon's own *_win32.c files.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_PATH_WIN32_H
#define SHMPUBD_PATH_WIN32_H

#include <stddef.h>
#include "shmpub/shmpub.h"

/*
 * The path in UTF-16 as the system's calls want it: whole, and where it is long in the form that
 * may be longer than 260. mem_free gives it back. SHMPUB_ERR_INVALID: no file can have it;
 * SHMPUB_ERR_NOMEM.
 */
int path_wide(wchar_t **out, const char *path, struct shmpub_error *err);
/* Any text as it is; the same in UTF-8. For mem_free; NULL: no memory. */
wchar_t *path_wide_text(const char *text);
char *path_narrow(const wchar_t *path);
/*
 * SHMPUB_ERR_OWNER: the file or folder belongs neither to this user nor to the system. One that is not
 * there, or is not shown to us, is for whoever reads it to tell.
 */
int path_check_owner(const wchar_t *path, struct shmpub_error *err);
/* SHMPUB_ERR_SYS: "PATH: error N (what it means)". `code`: of GetLastError(). */
int path_failed(struct shmpub_error *err, unsigned long code, const char *path);

#endif
