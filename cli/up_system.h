/*
 * What "shmpub up" asks of the system: paths, files, and shmpubd as a process. up_system_posix.c
 * and up_system_win32.c implement it; on Windows there is no up_detach().
 *
 * Threads:  one.
 * Lifetime: a path is appended to a buffer without a NUL unless it says so.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID, SHMPUB_ERR_NOMEM with a line.
 */
#ifndef SHMPUB_CLI_UP_SYSTEM_H
#define SHMPUB_CLI_UP_SYSTEM_H

#include <stdbool.h>
#include "base/buffer.h"
#include "shmpub/shmpub.h"

/* The path from the root; links stay as they are. */
int up_absolute(struct buffer *out, const char *path, struct shmpub_error *err);
/*
 * FOLDER/NAME and a NUL, in the user's folder for state, which is made where it is not there:
 * $XDG_STATE_HOME/shmpub, or ~/.local/state/shmpub; on Windows %LOCALAPPDATA%\shmpub.
 */
int up_state_path(struct buffer *out, const char *name, const char *ending,
                  struct shmpub_error *err);
/* Writes a file for this user only. Without `replace` a file that is there is an error. */
int up_write(const char *path, struct span text, bool replace, struct shmpub_error *err);
/*
 * The path of shmpubd and a NUL: $SHMPUB_DAEMON, else beside this program, else in $PATH.
 */
int up_find_daemon(struct buffer *out, struct shmpub_error *err);
/*
 * This process becomes shmpubd; on Windows it waits for one that ends with it, and ends like it.
 * Returns only a failure.
 */
int up_become(const char *daemon, const char *config, struct shmpub_error *err);
/*
 * Starts shmpubd in a session of its own, with its log at the end of the file `log`, and waits until
 * it has tried all its sources. *pid is its process. When it ends before that, *why, which must be
 * freed, is what it wrote, and the result is SHMPUB_ERR_SYS.
 */
int up_detach(uint64_t *pid, struct buffer *why, const char *daemon, const char *config,
              const char *log, struct shmpub_error *err);
/* Waits until the process has ended, for a time. False: it still runs. */
bool up_wait_end(uint64_t pid);

#endif
