/*
 * A program that runs beside the daemon and writes to two pipes. command_posix.c and
 * command_win32.c implement it. The program and what it starts form a group, which can be ended
 * together. It reads nothing (its standard input is empty), and has no other descriptor of the
 * daemon.
 *
 * Use:      command_open -> uv_read_start() on the pipes -> exited or failed -> command_close.
 * Threads:  the loop thread.
 * Lifetime: from command_open to the call of `closed`; what the request points to is only needed
 *           by command_open.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID, SHMPUB_ERR_NOMEM. Each line begins with the name
 *           of the request.
 */
#ifndef SHMPUBD_COMMAND_H
#define SHMPUBD_COMMAND_H

#include <uv.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct command;
struct command_user;

struct command_events {
	/* The program itself has ended, with a status or (if not 0) by a signal. */
	void (*exited)(void *arg, int status, int signal);
	/* The program could not be started. */
	void (*failed)(void *arg, const struct shmpub_error *err);
	void *arg;
};

struct command_request {
	uv_loop_t *loop;
	const char *name;      /* for messages */
	char **words;          /* the program and its arguments, then NULL */
	char *shell_text;      /* a text for the system's shell, instead of `words`; or NULL */
	char **environment;    /* "NAME=VALUE", then NULL: all variables that it gets */
	const char *directory; /* where it runs; NULL: where the daemon runs */
	const struct command_user *user; /* NULL: the daemon's */
	struct command_events on;
};

int command_open(struct command **out, const struct command_request *q, struct shmpub_error *err);
/* What the program writes. */
uv_stream_t *command_stdout(struct command *c);
uv_stream_t *command_stderr(struct command *c);
/* Asks the group to end; `at_once`: ends it. Afterwards `exited` is called as usual. */
void command_end(struct command *c, bool at_once);
/*
 * Ends what is left of the group, gives everything back, and calls `closed` from the loop. No
 * other event comes any more. If the program itself has not ended yet, nobody waits for its end.
 */
void command_close(struct command *c, void (*closed)(void *arg));

/*
 * Looks up the user whom a command may run as. SHMPUB_ERR_INVALID: there is none of that name, or
 * this process may not become another user; the message is a part of a line. *out is one block,
 * to be freed by mem_free.
 */
int command_user_find(struct command_user **out, struct span name, struct shmpub_error *err);
/* The variables "NAME=VALUE" that come with the user; then NULL. */
char *const *command_user_variables(const struct command_user *user);
/*
 * SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID: the program cannot be started, as far as a look tells.
 */
int command_usable(const struct command_request *q, struct shmpub_error *err);

#endif
