#include "fetch.h"

#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "command.h"
#include "command_environment.h"
#include "command_line.h"
#include "path.h"

/*
 * A command as a source: its standard output is the CSV.
 *
 * The output counts when the program has ended with status 0 and the pipe is at its end. A
 * process that the program has left running may still hold the pipe and write to it, so what came
 * until then may be a part of something: that is a failure, too.
 *
 * Whoever is to end is asked first (TERM), and ended after GRACE_MS. The program is then waited
 * for, so that there are never two of a feed; what it has left behind is ended with it.
 */

#define PIECE ((size_t)64 * 1024)
#define LINE_MAX_SIZE 256 /* of what a program says; the rest of a line is left out */
#define LINES_MAX 20      /* of one run, for the log */
#define GRACE_MS 2000
#define LINGER_MS 1000 /* how long a pipe may stay open when the program has ended */
#define KILLED_MS 5000 /* how long a killed program may take before somebody is told */

enum stage { STAGE_RUNS, STAGE_LINGERS, STAGE_ENDS, STAGE_KILLED };

struct run {
	struct fetch *fetch;
	struct command *command;
	uv_timer_t timer;
	enum stage stage;
	int64_t began_ns; /* by the wall clock */
	bool has_exited, out_is_over, err_is_over, is_closing;
	int status, signal;
	int result; /* SHMPUB_OK as long as nothing speaks against it */
	struct shmpub_error why;
	unsigned n_open, n_lines;
	size_t line_size;
	char line[LINE_MAX_SIZE + 1]; /* the one that is coming */
	char last[LINE_MAX_SIZE + 1]; /* the last one that is not blank */
	char piece[PIECE];
};

/* --- the end ------------------------------------------------------------------------------------- */

static void end(struct run *run)
{
	struct fetch *f = run->fetch;
	struct shmpub_error why = run->why;
	int64_t began_ns = run->began_ns;
	int result = run->result;

	if (--run->n_open)
		return;
	f->run = NULL;
	mem_free(run);
	fetch_end(f, result, began_ns, &why);
}

static void on_command_closed(void *arg)
{
	end(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
	end(handle->data);
}

static void close_all(struct run *run)
{
	if (run->is_closing)
		return;
	run->is_closing = true;
	run->n_open = 2;
	command_close(run->command, on_command_closed);
	uv_close((uv_handle_t *)&run->timer, on_timer_closed);
}

/* Text of the program is not for everybody, as it may tell of what is in the table. */
static void add_last_line(struct run *run)
{
	if (run->last[0] == '\0')
		return;
	error_add(&run->why, ": ");
	error_quote(&run->why, "%s", run->last);
}

static void judge_status(struct run *run)
{
	const char *name = run->fetch->config->source_name;

	if (run->result != SHMPUB_OK || (run->status == 0 && run->signal == 0))
		return;
	if (run->signal != 0)
		run->result = error_set(&run->why, SHMPUB_ERR_SYS, "%s: killed by signal %d", name,
		                        run->signal);
	else
		run->result = error_set(&run->why, SHMPUB_ERR_SYS, "%s: exited with %d", name,
		                        run->status);
	add_last_line(run);
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct run *run, enum stage stage, uint64_t ms)
{
	run->stage = stage;
	uv_timer_start(&run->timer, on_timer, ms, 0);
}

/* Closes all when nothing more is to come, and else waits a moment for what is still open. */
static void look_whether_over(struct run *run)
{
	if (!run->has_exited || run->is_closing)
		return;
	if (run->stage >= STAGE_ENDS || (run->out_is_over && run->err_is_over)) {
		judge_status(run);
		close_all(run);
	} else if (run->stage == STAGE_RUNS) {
		wait_for(run, STAGE_LINGERS, LINGER_MS);
	}
}

/* What it writes is not wanted any more: a full pipe stops it, too. */
static void stop(struct run *run, bool at_once)
{
	uv_read_stop(command_stdout(run->command));
	command_end(run->command, at_once);
	wait_for(run, at_once ? STAGE_KILLED : STAGE_ENDS, at_once ? KILLED_MS : GRACE_MS);
	look_whether_over(run);
}

static void stop_late(struct run *run)
{
	const struct config_feed *config = run->fetch->config;
	bool is_whole = config->timeout_ms % 1000 == 0;
	uint64_t time = is_whole ? config->timeout_ms / 1000 : config->timeout_ms;

	run->result = error_set(&run->why, SHMPUB_ERR_SYS,
	                        "%s: not over after %llu %s, which is "
	                        "its timeout",
	                        config->source_name, (unsigned long long)time,
	                        is_whole ? "s" : "ms");
	add_last_line(run);
	stop(run, false);
}

/* The program has ended, and a process that it started keeps its output open. */
static void end_lingering(struct run *run)
{
	if (!run->out_is_over && run->result == SHMPUB_OK && run->status == 0 && run->signal == 0)
		run->result = error_set(&run->why, SHMPUB_ERR_SYS,
		                        "%s: it has ended, but a process that it started may still "
		                        "write",
		                        run->fetch->config->source_name);
	judge_status(run);
	close_all(run);
}

static void tell_log(struct run *run, const char *line)
{
	if (run->fetch->told != NULL)
		run->fetch->told(run->fetch, line);
}

static void on_timer(uv_timer_t *timer)
{
	struct run *run = timer->data;

	switch (run->stage) {
	case STAGE_RUNS:
		stop_late(run);
		break;
	case STAGE_LINGERS:
		end_lingering(run);
		break;
	case STAGE_ENDS:
		stop(run, true);
		break;
	case STAGE_KILLED:
		tell_log(run, "(killed, and the system has not ended it yet)");
		wait_for(run, STAGE_KILLED, KILLED_MS);
		break;
	}
}

static void cancel(struct fetch *f, bool at_once)
{
	struct run *run = f->run;

	if (run == NULL || run->is_closing)
		return;
	run->result = FETCH_CANCELLED;
	if (at_once)
		close_all(run);
	else if (run->stage < STAGE_ENDS)
		stop(run, false);
}

/* --- what it says -------------------------------------------------------------------------------- */

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t\r")] == '\0';
}

static void end_line(struct run *run)
{
	for (size_t i = 0; i < run->line_size; i++) {
		if (run->line[i] == '\0') /* it would end the text */
			run->line[i] = '?';
	}
	run->line[run->line_size] = '\0';
	run->line_size = 0;
	if (is_blank(run->line))
		return;
	memcpy(run->last, run->line, sizeof(run->last));
	if (run->n_lines < LINES_MAX)
		tell_log(run, run->line);
	else if (run->n_lines == LINES_MAX)
		tell_log(run, "(and more)");
	run->n_lines++;
}

static void take_text(struct run *run, struct span text)
{
	while (text.size) {
		const char *lf = memchr(text.data, '\n', text.size);
		size_t size = lf != NULL ? (size_t)(lf - text.data) : text.size;
		size_t room = LINE_MAX_SIZE - run->line_size, n = size < room ? size : room;

		memcpy(run->line + run->line_size, text.data, n);
		run->line_size += n;
		if (lf != NULL)
			end_line(run);
		size += lf != NULL;
		text = span_of(text.data + size, text.size - size);
	}
}

/* --- events -------------------------------------------------------------------------------------- */

/* Both pipes have one room: libuv asks for it just before each read. */
static void give_room(uv_handle_t *handle, size_t size, uv_buf_t *room)
{
	struct run *run = handle->data;

	(void)size;
	*room = uv_buf_init(run->piece, sizeof(run->piece));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	struct run *run = stream->data;

	if (n == 0 || run->is_closing)
		return;
	if (n > 0) {
		if (run->result != SHMPUB_OK)
			return;
		run->result = fetch_add(run->fetch, span_of(room->base, (size_t)n), &run->why);
		if (run->result != SHMPUB_OK)
			stop(run, false);
		return;
	}
	run->out_is_over = true;
	if (n != UV_EOF && run->result == SHMPUB_OK)
		run->result = error_set(&run->why, SHMPUB_ERR_SYS, "%s: reading its output: %s",
		                        run->fetch->config->source_name, uv_strerror((int)n));
	uv_read_stop(stream);
	look_whether_over(run);
}

static void on_text(uv_stream_t *stream, ssize_t n, const uv_buf_t *room)
{
	struct run *run = stream->data;

	if (n == 0 || run->is_closing)
		return;
	if (n > 0) {
		take_text(run, span_of(room->base, (size_t)n));
		return;
	}
	if (run->line_size > 0)
		end_line(run);
	run->err_is_over = true;
	uv_read_stop(stream);
	look_whether_over(run);
}

static void on_exited(void *arg, int status, int signal)
{
	struct run *run = arg;

	run->has_exited = true;
	run->status = status;
	run->signal = signal;
	look_whether_over(run);
}

static void on_failed(void *arg, const struct shmpub_error *err)
{
	struct run *run = arg;

	if (run->result == SHMPUB_OK) {
		run->result = err->code;
		run->why = *err;
	}
	close_all(run);
}

/* --- the start ----------------------------------------------------------------------------------- */

/* What a request points to, as long as it is needed. */
struct parts {
	char **words, **variables, **environment;
	char *directory;
};

static void free_parts(struct parts *p)
{
	mem_free(p->words);
	mem_free(p->variables);
	mem_free(p->environment);
	mem_free(p->directory);
}

/* By default a command runs where its ini file is, as all paths of the file begin there. */
static int set_directory(struct command_request *q, struct parts *p, const struct config_feed *c,
                         struct shmpub_error *err)
{
	struct span base = path_directory(c->file);

	q->directory = c->working_directory;
	if (q->directory != NULL || base.size == 0)
		return SHMPUB_OK;
	p->directory = mem_copy(base);
	q->directory = p->directory;
	return q->directory != NULL ? SHMPUB_OK : error_nomem(err, base.size);
}

static int set_environment(struct command_request *q, struct parts *p, const struct config_feed *c,
                           struct shmpub_error *err)
{
	char *const *more = c->user != NULL ? command_user_variables(c->user) : NULL;
	int r = SHMPUB_OK;

	if (c->environment != NULL)
		r = command_line_split(&p->variables, NULL, span_str(c->environment), err);
	if (!r)
		r = command_environment(&p->environment, p->variables, more, err);
	q->environment = p->environment;
	return r;
}

/* The caller frees *p in any case. */
static int make_request(struct command_request *q, struct parts *p, const struct config_feed *c,
                        struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	*p = (struct parts){ .words = NULL };
	*q = (struct command_request){ .name = c->source_name, .user = c->user };
	if (c->scheme == SCHEME_SHELL)
		q->shell_text = c->source;
	else
		r = command_line_split(&p->words, NULL, span_str(c->source), err);
	q->words = p->words;
	if (!r)
		r = set_directory(q, p, c, err);
	return r ? r : set_environment(q, p, c, err);
}

static int open_command(struct run *run, uv_loop_t *loop, struct shmpub_error *err)
{
	struct command_request q;
	struct parts parts;
	int r = make_request(&q, &parts, run->fetch->config, err);

	q.loop = loop;
	q.on = (struct command_events){ on_exited, on_failed, run };
	if (!r)
		r = command_open(&run->command, &q, err);
	free_parts(&parts);
	return r;
}

static int begin(struct fetch *f, struct shmpub_error *err)
{
	struct run *run = mem_zalloc(1, sizeof(*run));
	int r;

	if (run == NULL)
		return error_nomem(err, sizeof(*run));
	run->fetch = f;
	run->began_ns = shm_now_ns();
	r = open_command(run, f->loop, err);
	if (r) {
		mem_free(run);
		return r;
	}
	f->run = run;
	uv_timer_init(f->loop, &run->timer);
	run->timer.data = run;
	command_stdout(run->command)->data = command_stderr(run->command)->data = run;
	uv_read_start(command_stdout(run->command), give_room, on_output);
	uv_read_start(command_stderr(run->command), give_room, on_text);
	wait_for(run, STAGE_RUNS, f->config->timeout_ms);
	return SHMPUB_OK;
}

static int usable(const struct config_feed *config, struct shmpub_error *err)
{
	struct command_request q;
	struct parts parts;
	int r = make_request(&q, &parts, config, err);

	if (!r)
		r = command_usable(&q, err);
	free_parts(&parts);
	return r;
}

const struct fetch_kind fetch_kind_command = { begin, cancel, usable };
