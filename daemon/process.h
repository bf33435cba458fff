/*
 * What shmpubd asks the system about its own process. process_posix.c and process_win32.c
 * implement it.
 *
 * Threads: the loop thread.
 * Errors:  SHMPUB_ERR_SYS or SHMPUB_ERR_INVALID with a line.
 */
#ifndef SHMPUBD_PROCESS_H
#define SHMPUBD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/*
 * The id of a group, by its name or as a number. SHMPUB_ERR_INVALID also when this process
 * could not give a file to the group, because its user is neither root nor a member.
 */
int process_group(int64_t *out, struct span name, struct shmpub_error *err);
/* Names the system's limits of threads, for an error message. */
extern const char process_thread_bounds[];
/* Raises the limit of open descriptors as far as it is allowed. Returns the limit; 0: unknown. */
uint64_t process_raise_descriptors(void);
/*
 * The path DIRECTORY/NAME, with links and relative parts of the directory resolved. To be freed
 * by mem_free. NULL: memory ran out.
 */
char *process_real_path(const char *directory, const char *name);
/* True when standard error goes to systemd's journal. */
bool process_has_journal(void);
/* What the sender of a signal wants. */
enum process_wish {
	PROCESS_STOP,
	PROCESS_STOP_SOON, /* the system kills the process some seconds later */
	PROCESS_STOP_KEEP, /* and leave the snapshots for the next start */
	PROCESS_RELOAD,
};

/* At most; process_n_signals are there. */
#define PROCESS_SIGNALS 4

extern const size_t process_n_signals;

extern const struct process_signal {
	int number;
	enum process_wish wish;
} process_signals[PROCESS_SIGNALS];

/* What the help text says about signals, with its newline. */
extern const char process_signals_help[];

/*
 * Writing into a closed pipe, or more than ulimit -f, then is an error of the call and does not
 * kill the process.
 */
void process_ignore_signals(void);
/*
 * A reload that is asked for between these two waits. Else the signal would kill a process that has
 * not installed its handler yet.
 */
void process_hold_reload(void);
void process_release_reload(void);
/*
 * Calls `found` for each path that matches the pattern, in sorted order. No match is no error.
 * A result of `found` other than 0 ends the search and is returned.
 */
int process_glob(const char *pattern, int (*found)(void *arg, const char *path), void *arg,
                 struct shmpub_error *err);

#endif
