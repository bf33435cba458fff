/*
 * Paths of files, as people write them in the ini and on the command line, in UTF-8.
 * path_posix.c and path_win32.c implement them.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_PATH_H
#define SHMPUBD_PATH_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/*
 * The path of the configuration when none is given. To be freed by mem_free. NULL: memory ran
 * out.
 */
char *path_of_config(void);
bool path_is_separator(char c);
/* False when the path means another file in another working directory. */
bool path_is_absolute(struct span path);
/* The same for the key `directory` of the shared memory, which is no path on Windows. */
bool path_is_absolute_memory(struct span directory);
/* The beginning of `path` up to its last separator, with it; empty when there is none. */
struct span path_directory(const char *path);
/* Where the path has its first '*', '?' or '['; its size: nowhere. */
size_t path_glob_at(struct span path);
/* True when the path has one of them, and so means all files that match. */
static inline bool path_is_pattern(struct span path)
{
	return path_glob_at(path) < path.size;
}
/* True where names of letters of both cases are one name. */
bool path_ignores_case(void);
/*
 * SHMPUB_ERR_INVALID: no file can ever have this path. The message begins with the path. Files
 * are not looked at.
 */
int path_check(struct span path, struct shmpub_error *err);

#endif
