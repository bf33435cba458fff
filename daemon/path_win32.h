/*
 * Paths and failures of Windows, for the *_win32.c files of the daemon.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_PATH_WIN32_H
#define SHMPUBD_PATH_WIN32_H

#include <stddef.h>
#include "shmpub/shmpub.h"

/*
 * The path in UTF-16 as the system's calls want it: absolute, and with the prefix for long
 * paths if it is long. To be freed by mem_free. SHMPUB_ERR_INVALID: no file can have this path;
 * SHMPUB_ERR_NOMEM.
 */
int path_wide(wchar_t **out, const char *path, struct shmpub_error *err);
/* Converts any text to UTF-16, or to UTF-8. To be freed by mem_free; NULL: memory ran out. */
wchar_t *path_wide_text(const char *text);
char *path_narrow(const wchar_t *path);
/*
 * SHMPUB_ERR_OWNER: the file or folder belongs neither to this user nor to the system.
 * SHMPUB_OK also when it cannot be opened: whoever reads it tells that.
 */
int path_check_owner(const wchar_t *path, struct shmpub_error *err);
/* Returns SHMPUB_ERR_SYS with "PATH: error N (what it means)". `code`: of GetLastError(). */
int path_failed(struct shmpub_error *err, unsigned long code, const char *path);

#endif
