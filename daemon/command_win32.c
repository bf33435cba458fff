#include "command.h"

#include <windows.h>
#include <signal.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "path_win32.h"

/*
 * The program and all that it starts belong to a job, which ends them together. The system ends
 * the job when its last handle is closed, also because the daemon was killed. Nobody can be asked
 * to end here, so the group is ended at once in any case.
 */

#define STATUS_ENDED 1

struct command {
	uv_process_t process;
	uv_pipe_t out, err;
	HANDLE job;
	struct command_events on;
	unsigned n_open; /* handles */
	bool has_ended;
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
	if (c->job != NULL)
		CloseHandle(c->job);
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

static void on_process_closed(uv_handle_t *handle)
{
	count_closed((struct command *)((char *)handle - offsetof(struct command, process)));
}

void command_end(struct command *c, bool at_once)
{
	(void)at_once;
	if (c->job != NULL)
		(void)TerminateJobObject(c->job, STATUS_ENDED);
	if (!c->has_ended)
		(void)uv_process_kill(&c->process, SIGKILL);
}

static void close_handles(struct command *c)
{
	c->n_open = 3;
	uv_close((uv_handle_t *)&c->out, on_out_closed);
	uv_close((uv_handle_t *)&c->err, on_err_closed);
	uv_close((uv_handle_t *)&c->process, on_process_closed);
}

void command_close(struct command *c, void (*closed)(void *arg))
{
	c->closed = closed;
	command_end(c, true);
	close_handles(c);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal)
{
	struct command *c = (struct command *)((char *)process - offsetof(struct command, process));

	c->has_ended = true;
	c->on.exited(c->on.arg, (int)status, signal);
}

/* --- the start ----------------------------------------------------------------------------------- */

static HANDLE make_job(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { 0 };
	HANDLE job = CreateJobObjectW(NULL, NULL);

	limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
	                                          JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
	if (job != NULL)
		(void)SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
		                              sizeof(limits));
	return job;
}

static int spawn(struct command *c, const struct command_request *q, char **words, unsigned flags,
                 struct shmpub_error *err)
{
	uv_stdio_container_t streams[3] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = command_stdout(c) },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = command_stderr(c) },
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = words[0],
		.args = words,
		.env = q->environment,
		.cwd = q->directory,
		.flags = UV_PROCESS_WINDOWS_HIDE | flags,
		.stdio = streams,
		.stdio_count = 3,
	};
	int r = uv_spawn(q->loop, &c->process, &options);

	if (r != 0)
		return error_set(err, SHMPUB_ERR_SYS, "%s: it cannot be started: %s", q->name,
		                 uv_strerror(r));
	if (c->job != NULL) /* it fails for a process that has ended already */
		(void)AssignProcessToJobObject(c->job, c->process.process_handle);
	return SHMPUB_OK;
}

/* cmd takes everything between the outer quotes as it is. */
static int spawn_shell(struct command *c, const struct command_request *q, struct shmpub_error *err)
{
	size_t size = strlen(q->shell_text);
	char *quoted = mem_alloc(size + 3);
	char *words[] = { "cmd.exe", "/d", "/s", "/c", quoted, NULL };
	int r;

	if (quoted == NULL)
		return error_nomem(err, size);
	quoted[0] = '"';
	memcpy(quoted + 1, q->shell_text, size);
	memcpy(quoted + 1 + size, "\"", 2);
	r = spawn(c, q, words, UV_PROCESS_WINDOWS_VERBATIM_ARGUMENTS, err);
	mem_free(quoted);
	return r;
}

int command_open(struct command **out, const struct command_request *q, struct shmpub_error *err)
{
	struct command *c = mem_zalloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL)
		return error_nomem(err, sizeof(*c));
	c->on = q->on;
	c->job = make_job();
	uv_pipe_init(q->loop, &c->out, 0);
	uv_pipe_init(q->loop, &c->err, 0);
	r = q->shell_text != NULL ? spawn_shell(c, q, err) : spawn(c, q, q->words, 0, err);
	if (r)
		close_handles(c);
	else
		*out = c;
	return r;
}

/* --- users, and a look --------------------------------------------------------------------------- */

int command_user_find(struct command_user **out, struct span name, struct shmpub_error *err)
{
	(void)name;
	*out = NULL;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "on this system a command runs as the user of the daemon");
}

char *const *command_user_variables(const struct command_user *user)
{
	(void)user;
	return NULL;
}

static bool find_program(const char *program)
{
	wchar_t *wide = path_wide_text(program), *name, room[MAX_PATH + 1];
	bool is_found = false;

	if (wide == NULL)
		return true;
	is_found = SearchPathW(NULL, wide, L".exe", MAX_PATH, room, &name) != 0 ||
	           SearchPathW(NULL, wide, L".com", MAX_PATH, room, &name) != 0;
	mem_free(wide);
	return is_found;
}

int command_usable(const struct command_request *q, struct shmpub_error *err)
{
	if (q->shell_text != NULL || strpbrk(q->words[0], "/\\") != NULL ||
	    find_program(q->words[0]))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID, "%s: no such program", q->name);
}
