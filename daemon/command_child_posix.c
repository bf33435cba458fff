#include "command_child_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

/*
 * uv_spawn() is not used, because it gives up all groups of a user, and because the program
 * would outlive a daemon that is killed: PR_SET_PDEATHSIG must be set between fork() and the
 * program. The system forgets it when the user changes, so it is set after that.
 *
 * The daemon ignores some signals, and has raised its bound of descriptors as far as it may: a
 * program gets both as they usually are.
 */

#define DESCRIPTORS_USUAL 1024
#define STATUS_FAILED 127

static _Noreturn void fail(const struct child_plan *p, enum child_step step)
{
	struct child_failure failure = { (int)step, errno };
	ssize_t n = write(p->status, &failure, sizeof(failure));

	(void)n; /* nobody is there to be told */
	_exit(STATUS_FAILED);
}

static void reset_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &action, NULL); /* fails for KILL and STOP, and those of libc */
}

static void reset_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= DESCRIPTORS_USUAL)
		return;
	limit.rlim_cur = DESCRIPTORS_USUAL;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* All descriptors of the daemon are closed on exec anyway; this one also closes a library's. */
static void close_others(void)
{
#if defined(__linux__) && defined(SYS_close_range)
	(void)syscall(SYS_close_range, 3u, UINT_MAX, 4u /* CLOSE_RANGE_CLOEXEC */);
#endif
}

static bool take_streams(const struct child_plan *p)
{
	return dup2(p->in, 0) == 0 && dup2(p->out, 1) == 1 && dup2(p->err, 2) == 2;
}

bool command_child_may_become(void)
{
#ifdef __linux__
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const uint32_t wanted = 1u << CAP_SETUID | 1u << CAP_SETGID;

	if (syscall(SYS_capget, &header, sets) == 0 && (sets[0].effective & wanted) == wanted)
		return true;
#endif
	return geteuid() == 0;
}

/* What the service manager has given the daemon (AmbientCapabilities=) is none of the program's. */
static void drop_capabilities(void)
{
#ifdef PR_CAP_AMBIENT
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
#endif
}

/* Who may not change anything may only be who they are. */
static bool become(const struct command_user *u)
{
	if (geteuid() != 0 && geteuid() == u->uid)
		return true;
	return setgroups(u->n_groups, u->groups) == 0 && setgid(u->gid) == 0 && setuid(u->uid) == 0;
}

static void die_with(pid_t parent)
{
#ifdef PR_SET_PDEATHSIG
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it was killed just before */
		_exit(STATUS_FAILED);
#else
	(void)parent;
#endif
}

static bool may_be_elsewhere(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

/* Comes back with errno when no path has a program. */
static void execute(const struct child_plan *p)
{
	bool is_shut = false;

	for (size_t i = 0; p->paths[i] != NULL; i++) {
		execve(p->paths[i], p->words, p->environment);
		if (!may_be_elsewhere(errno))
			return;
		is_shut |= errno == EACCES;
	}
	errno = is_shut ? EACCES : ENOENT;
}

static _Noreturn void run(const struct child_plan *p, pid_t parent)
{
	sigset_t none;

	(void)setsid();
	reset_signals();
	if (!take_streams(p))
		fail(p, CHILD_STREAMS);
	close_others();
	reset_limits();
	if (p->user != NULL && !become(p->user))
		fail(p, CHILD_USER);
	drop_capabilities();
	if (p->directory != NULL && chdir(p->directory) != 0)
		fail(p, CHILD_DIRECTORY);
	die_with(parent);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execute(p);
	fail(p, CHILD_PROGRAM);
}

/* No handler of the daemon's may run in the child, so signals are blocked until they are reset. */
pid_t command_child_start(const struct child_plan *plan)
{
	pid_t parent = getpid(), child;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	child = fork();
	if (child == 0)
		run(plan, parent);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return child;
}
