/*
 * What shmpubd asks of the system about itself. process_posix.c implements it.
 *
 * Threads: the loop thread. Errors: SHMPUB_ERR_SYS or SHMPUB_ERR_INVALID with a line.
 */
#ifndef SHMPUBD_PROCESS_H
#define SHMPUBD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

/*
 * The id of a group by its name, or a number as it is. SHMPUB_ERR_INVALID also when this
 * process could not give a file to the group: it is neither root's nor a member's.
 */
int process_group(int64_t *out, struct span name, struct shmpub_error *err);
/* Where a user sees what bounds the threads of a process. */
extern const char process_thread_bounds[];
/* Raise the bound of open descriptors to the most that is allowed; returns it. */
uint64_t process_raise_descriptors(void);
/*
 * The path of a name in a directory, without links and relative parts; mem_free gives it
 * back. NULL: memory ran out.
 */
char *process_real_path(const char *directory, const char *name);
/* stderr is a terminal's or file's: false; the journal's: true. */
bool process_has_journal(void);
/* What somebody who sends a signal wants. */
enum process_wish {
	PROCESS_STOP,
	PROCESS_STOP_SOON, /* the system ends the process a few seconds later in any case */
	PROCESS_RELOAD,
};

#define PROCESS_SIGNALS 3

extern const struct process_signal {
	int number;
	enum process_wish wish;
} process_signals[PROCESS_SIGNALS];

/* What the help text says of them, with its newline. */
extern const char process_signals_help[];

/* A process that writes into a closed pipe, or more than ulimit -f, is told by the call, not killed. */
void process_ignore_signals(void);
/* Call `found` for each path that the pattern matches, sorted. */
int process_glob(const char *pattern, int (*found)(void *arg, const char *path), void *arg,
                 struct shmpub_error *err);

#endif
