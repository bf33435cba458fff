/*
 * A test's other process, as another user when need be.
 */
#ifndef SHMPUB_TESTS_CHILD_H
#define SHMPUB_TESTS_CHILD_H

#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run fn in a child, as another user when uid is not 0; true when it returned true. */
static inline bool in_child(bool (*fn)(const void *arg), const void *arg, uid_t uid)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (uid != 0 && (setgid(uid) != 0 || setuid(uid) != 0))
			_exit(2);
		_exit(fn(arg) ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

#endif
