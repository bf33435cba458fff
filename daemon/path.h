/*
 * Paths of files, as people write them in the ini and on the command line: UTF-8.
 * path_posix.c and path_win32.c implement it.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_PATH_H
#define SHMPUBD_PATH_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/* Where the configuration is looked for when nobody names one; mem_free gives it back. NULL: no memory. */
char *path_of_config(void);
bool path_is_separator(char c);
/* False when it means something else in another working directory. */
bool path_is_absolute(struct span path);
/* The same of the `directory` of the shared memory, which need not be a path. */
bool path_is_absolute_memory(struct span directory);
/* Up to its last separator and with it; empty: it has none. */
struct span path_directory(const char *path);
/* It has a '*', '?' or '[', and means all files whose paths match. */
bool path_is_pattern(struct span path);
/*
 * SHMPUB_ERR_INVALID: no file can have this path, whatever stands there now; the line
 * begins with the path. The files are not looked at.
 */
int path_check(struct span path, struct shmpub_error *err);

#endif
