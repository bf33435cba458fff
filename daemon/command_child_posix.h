/*
 * The child's side of command_posix.c: everything between fork() and the program.
 *
 * Threads: the loop thread calls fork() while other threads run, so that the child may only make
 *          calls that are safe in a signal handler: all memory is taken before.
 */
#ifndef SHMPUBD_COMMAND_CHILD_POSIX_H
#define SHMPUBD_COMMAND_CHILD_POSIX_H

#include <stdbool.h>
#include <sys/types.h>

struct command_user {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	size_t n_groups;
	char *variables[4]; /* HOME, USER, LOGNAME, NULL */
};

/* What the child was doing when it failed. */
enum child_step {
	CHILD_STREAMS, /* giving the pipes their places */
	CHILD_USER,
	CHILD_DIRECTORY,
	CHILD_PROGRAM,
};

/* What the child writes to the pipe `status` when it fails; nothing when the program has begun. */
struct child_failure {
	int step, error;
};

struct child_plan {
	char *const *paths; /* of the program: the first that can be executed is taken; then NULL */
	char *const *words;
	char *const *environment;
	const char *directory;           /* NULL: where the daemon runs */
	const struct command_user *user; /* NULL: the daemon's */
	int in, out, err, status;        /* none of them is 0, 1 or 2 */
};

/*
 * True when programs may run as other users: root may, and a service that was given CAP_SETUID and
 * CAP_SETGID. The programs get no such right.
 */
bool command_child_may_become(void);
/*
 * Forks, and begins the program as the leader of a session and group of its own. Returns its
 * process id, or -1 with errno.
 */
pid_t command_child_start(const struct child_plan *plan);

#endif
