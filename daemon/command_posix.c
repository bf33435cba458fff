#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/error.h"
#include "built.h"
#include "command_child_posix.h"
#include "command_environment.h"

/*
 * The child is the leader of a process group of its own, so that kill() with its negative number
 * reaches all that it has started and that has not left the group on purpose.
 *
 * A child that has ended stays as a zombie until command_close(): as long as it does, its number
 * belongs to nobody else, and the group can be killed without the risk of hitting a stranger.
 *
 * Whether the program has begun is told by a third pipe that closes when it does: a program on a
 * dead file server hangs there, and not the loop.
 */

#define SHELL "/bin/sh"
#define PATH_USUAL "/usr/local/bin:/usr/bin:/bin"

struct command {
	uv_pipe_t out, err, status;
	uv_signal_t child;
	struct command_events on;
	char *name;
	pid_t pid;
	bool has_ended, has_status; /* the child is a zombie; the pipe `status` is at its end */
	int code, signal;
	struct child_failure failure;
	size_t n_failure; /* bytes of it so far */
	unsigned n_open;  /* handles */
	bool is_told, is_closing;
	void (*closed)(void *arg);
};

uv_stream_t *command_stdout(struct command *c)
{
	return (uv_stream_t *)&c->out;
}

uv_stream_t *command_stderr(struct command *c)
{
	return (uv_stream_t *)&c->err;
}

/* --- the end ------------------------------------------------------------------------------------- */

static void count_closed(struct command *c)
{
	void (*closed)(void *arg) = c->closed;
	void *arg = c->on.arg;

	if (--c->n_open)
		return;
	mem_free(c->name);
	mem_free(c);
	if (closed != NULL)
		closed(arg);
}

/* The member `data` of these two is their reader's. */
static void on_out_closed(uv_handle_t *handle)
{
	count_closed((struct command *)((char *)handle - offsetof(struct command, out)));
}

static void on_err_closed(uv_handle_t *handle)
{
	count_closed((struct command *)((char *)handle - offsetof(struct command, err)));
}

static void on_closed(uv_handle_t *handle)
{
	count_closed(handle->data);
}

static void close_handles(struct command *c)
{
	c->is_closing = true;
	c->n_open = 4;
	uv_close((uv_handle_t *)&c->out, on_out_closed);
	uv_close((uv_handle_t *)&c->err, on_err_closed);
	uv_close((uv_handle_t *)&c->status, on_closed);
	uv_close((uv_handle_t *)&c->child, on_closed);
}

/* A child that has just been forked may not lead its group yet. */
static void signal_group(const struct command *c, int signal)
{
	if (c->pid > 0 && kill(-c->pid, signal) != 0 && errno == ESRCH)
		(void)kill(c->pid, signal);
}

void command_end(struct command *c, bool at_once)
{
	signal_group(c, at_once ? SIGKILL : SIGTERM);
	signal_group(c, SIGCONT); /* one that is stopped would not notice */
}

void command_close(struct command *c, void (*closed)(void *arg))
{
	c->closed = closed;
	signal_group(c, SIGKILL);
	if (c->pid > 0)
		(void)waitpid(c->pid, NULL, WNOHANG);
	close_handles(c);
}

/* --- events -------------------------------------------------------------------------------------- */

static void tell_failure(struct command *c)
{
	static const char *const steps[] = {
		[CHILD_STREAMS] = "its streams",
		[CHILD_USER] = "user",
		[CHILD_DIRECTORY] = "working_directory",
		[CHILD_PROGRAM] = "it cannot be started",
	};
	struct shmpub_error err;

	error_sys(&err, c->failure.error, "%s: %s", c->name, steps[c->failure.step]);
	c->on.failed(c->on.arg, &err);
}

static void tell_end(struct command *c)
{
	if (!c->has_ended || !c->has_status || c->is_told || c->is_closing)
		return;
	c->is_told = true;
	if (c->n_failure == sizeof(c->failure))
		tell_failure(c);
	else
		c->on.exited(c->on.arg, c->code, c->signal);
}

static void look_at_child(struct command *c)
{
	siginfo_t info = { .si_pid = 0 };

	if (c->has_ended || waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	    info.si_pid == 0)
		return;
	c->has_ended = true;
	if (info.si_code == CLD_EXITED)
		c->code = info.si_status;
	else
		c->signal = info.si_status;
	tell_end(c);
}

static void on_child(uv_signal_t *handle, int number)
{
	(void)number;
	look_at_child(handle->data);
}

static void give_room(uv_handle_t *handle, size_t size, uv_buf_t *room)
{
	struct command *c = handle->data;

	(void)size;
	*room = uv_buf_init((char *)&c->failure + c->n_failure,
	                    (unsigned)(sizeof(c->failure) - c->n_failure));
}

static void on_status(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	struct command *c = stream->data;

	(void)room;
	if (n > 0)
		c->n_failure += (size_t)n;
	if (n >= 0 && c->n_failure < sizeof(c->failure))
		return;
	uv_read_stop(stream);
	c->has_status = true;
	look_at_child(c);
	tell_end(c);
}

/* --- the start ----------------------------------------------------------------------------------- */

static int open_pipe(uv_pipe_t *ours, int *theirs, struct command *c, struct shmpub_error *err)
{
	uv_file ends[2];
	int r = uv_pipe(ends, UV_NONBLOCK_PIPE, 0);

	if (r == 0) {
		*theirs = ends[1];
		r = uv_pipe_open(ours, ends[0]);
		if (r != 0)
			close(ends[0]);
	}
	return r == 0 ? SHMPUB_OK : error_sys(err, -r, "%s: a pipe", c->name);
}

static int open_streams(struct child_plan *p, struct command *c, struct shmpub_error *err)
{
	int r;

	p->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (p->in < 0)
		return error_sys(err, errno, "%s: /dev/null", c->name);
	r = open_pipe(&c->out, &p->out, c, err);
	if (!r)
		r = open_pipe(&c->err, &p->err, c, err);
	if (!r)
		r = open_pipe(&c->status, &p->status, c, err);
	return r;
}

static void close_streams(const struct child_plan *p)
{
	const int streams[] = { p->in, p->out, p->err, p->status };

	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		if (streams[i] >= 0)
			close(streams[i]);
	}
}

static size_t count_paths(const char *list)
{
	size_t n = 1;

	for (; *list; list++)
		n += *list == ':';
	return n;
}

/* The places where the program may be, as execvp(3) looks for it: one block. */
static char **find_paths(const char *program, char *const *environment)
{
	const char *list = command_variable(environment, "PATH");
	size_t n, at = 0;
	char **paths, *to;

	if (list == NULL)
		list = PATH_USUAL;
	if (strchr(program, '/') != NULL)
		list = ":";
	n = count_paths(list);
	paths = mem_zalloc(1, (n + 1) * sizeof(*paths) + strlen(list) + n * (strlen(program) + 2));
	if (paths == NULL)
		return NULL;
	to = (char *)(paths + n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t size = strcspn(list + at, ":");

		paths[i] = to;
		to += sprintf(to, "%.*s%s%s", (int)size, list + at, size ? "/" : "", program) + 1;
		at += size + 1;
	}
	if (strchr(program, '/') != NULL)
		paths[1] = NULL;
	return paths;
}

static void init_handles(struct command *c, uv_loop_t *loop)
{
	uv_pipe_init(loop, &c->out, 0);
	uv_pipe_init(loop, &c->err, 0);
	uv_pipe_init(loop, &c->status, 0);
	uv_signal_init(loop, &c->child);
	c->status.data = c->child.data = c;
}

/* Signals are watched before there is a child: none of its end can be missed. */
static int start(struct command *c, struct child_plan *p, struct shmpub_error *err)
{
	int r = uv_signal_start(&c->child, on_child, SIGCHLD);

	if (r == 0)
		r = uv_read_start((uv_stream_t *)&c->status, give_room, on_status);
	if (r != 0)
		return error_sys(err, -r, "%s: its end cannot be watched", c->name);
	c->pid = command_child_start(p);
	if (c->pid < 0)
		return error_sys(err, errno, "%s: no process can be made", c->name);
	return SHMPUB_OK;
}

static char *const *words_of(const struct command_request *q, char *shell[4])
{
	if (q->shell_text == NULL)
		return q->words;
	shell[0] = "sh";
	shell[1] = "-c";
	shell[2] = q->shell_text;
	shell[3] = NULL;
	return shell;
}

static const char *program_of(const struct command_request *q)
{
	return q->shell_text != NULL ? SHELL : q->words[0];
}

int command_open(struct command **out, const struct command_request *q, struct shmpub_error *err)
{
	struct command *c = mem_zalloc(1, sizeof(*c));
	char *shell[4], *name = mem_copy(span_str(q->name));
	char **paths = find_paths(program_of(q), q->environment);
	struct child_plan p = {
		paths, words_of(q, shell), q->environment, q->directory, q->user, -1, -1, -1, -1
	};
	int r;

	*out = NULL;
	if (c == NULL || name == NULL || paths == NULL) {
		mem_free(c);
		mem_free(name);
		mem_free(paths);
		return error_nomem(err, sizeof(*c));
	}
	c->name = name;
	c->on = q->on;
	init_handles(c, q->loop);
	r = open_streams(&p, c, err);
	if (!r)
		r = start(c, &p, err);
	close_streams(&p);
	mem_free(paths);
	if (r)
		close_handles(c);
	else
		*out = c;
	return r;
}

/* --- users --------------------------------------------------------------------------------------- */

#define GROUPS_MAX 65536

char *const *command_user_variables(const struct command_user *user)
{
	return user->variables;
}

static struct command_user *make_user(const struct passwd *pw, const gid_t *groups, size_t n)
{
	size_t name = strlen(pw->pw_name), home = strlen(pw->pw_dir);
	struct command_user *u = mem_zalloc(1, sizeof(*u) + n * sizeof(gid_t) + 2 * name + home +
	                                               sizeof("HOME=USER=LOGNAME=") + 2);
	char *to;

	if (u == NULL)
		return NULL;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	u->groups = (gid_t *)(u + 1);
	u->n_groups = n;
	memcpy(u->groups, groups, n * sizeof(gid_t));
	to = (char *)(u->groups + n);
	u->variables[0] = to;
	to += sprintf(to, "HOME=%s", pw->pw_dir) + 1;
	u->variables[1] = to;
	to += sprintf(to, "USER=%s", pw->pw_name) + 1;
	u->variables[2] = to;
	sprintf(to, "LOGNAME=%s", pw->pw_name);
	return u;
}

static int find_groups(struct command_user **out, const struct passwd *pw, struct shmpub_error *err)
{
	gid_t *groups = mem_zalloc(GROUPS_MAX, sizeof(*groups));
	int n = GROUPS_MAX;

	if (groups == NULL)
		return error_nomem(err, GROUPS_MAX * sizeof(*groups));
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) >= 0)
		*out = make_user(pw, groups, (size_t)n);
	mem_free(groups);
	return *out != NULL ? SHMPUB_OK : error_nomem(err, (size_t)n * sizeof(*groups));
}

int command_user_find(struct command_user **out, struct span name, struct shmpub_error *err)
{
	char text[64];
	struct passwd *pw;

	*out = NULL;
	if (name.size == 0 || name.size >= sizeof(text))
		return error_set(err, SHMPUB_ERR_INVALID, "not the name of a user");
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	pw = getpwnam(text);
	if (pw == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "no user is named '%s'" BUILT_NAMES,
		                 text);
	if (!command_child_may_become() && (geteuid() != pw->pw_uid || getuid() != pw->pw_uid))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "to run a command as %s takes root or the capabilities SETUID "
		                 "and SETGID, and this is user %u without them",
		                 text, (unsigned)geteuid());
	return find_groups(out, pw, err);
}

/* --- a look -------------------------------------------------------------------------------------- */

static bool is_program(int directory, const char *path)
{
	struct stat st;

	return fstatat(directory, path, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & 0111) != 0;
}

int command_usable(const struct command_request *q, struct shmpub_error *err)
{
	char **paths = find_paths(program_of(q), q->environment);
	int directory = AT_FDCWD;
	bool is_found = false;

	if (paths == NULL)
		return error_nomem(err, 0);
	if (q->directory != NULL)
		directory = open(q->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (q->directory != NULL && directory < 0) {
		mem_free(paths);
		return error_sys(err, errno, "%s: working_directory %s", q->name, q->directory);
	}
	for (size_t i = 0; paths[i] != NULL && !is_found; i++)
		is_found = is_program(directory, paths[i]);
	mem_free(paths);
	if (directory >= 0)
		close(directory);
	return is_found ? SHMPUB_OK
	                : error_set(err, SHMPUB_ERR_INVALID, "%s: no such program", q->name);
}
