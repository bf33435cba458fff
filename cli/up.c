#include "command.h"

#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "terminal.h"
#include "up_system.h"
#include "up_text.h"

/*
 * shmpub up: serves CSV files, or a configuration, as the user who calls it. Of files it makes a
 * configuration, which stands in the user's folder for state as long as they are served; then this
 * process becomes shmpubd, or starts one with --detach.
 */

static bool is_config(const char *word)
{
	size_t n = strlen(word);

	return n > 4 && strcmp(word + n - 4, ".ini") == 0;
}

static const char *instance_of(const struct command_line *l)
{
	return l->instance != NULL ? l->instance : SHMPUB_INSTANCE;
}

/* The words make no sense together: says so, with s->err. */
static int check_words(struct session *s)
{
	const struct command_line *l = s->line;

	if (l->n_feeds == 0)
		return error_set(&s->err, SHMPUB_ERR_INVALID,
		                 "up: which CSV files, or which configuration (FILE.ini)?");
	for (size_t i = 0; i < l->n_feeds; i++) {
		if (is_config(l->feeds[i]) && strchr(l->feeds[i], '=') == NULL && l->n_feeds > 1)
			return error_set(&s->err, SHMPUB_ERR_INVALID,
			                 "%s: a configuration stands alone", l->feeds[i]);
	}
	if (is_config(l->feeds[0]) && (l->save || l->interval || l->n_sets))
		return error_set(&s->err, SHMPUB_ERR_INVALID,
		                 "--save, --interval and --set go with CSV files: %s says all that",
		                 l->feeds[0]);
	return SHMPUB_OK;
}

/* Another publisher keeps its configuration, too. */
static int check_free(struct session *s)
{
	struct shmpub_instance_info info;
	struct shmpub_error none;

	if (shmpub_instance(&info, s->reader, &none) != SHMPUB_OK || info.why_gone[0] != '\0')
		return SHMPUB_OK;
	return error_set(&s->err, SHMPUB_ERR_BUSY,
	                 "instance %s: process %llu publishes there: \"shmpub down\" ends it, and "
	                 "-i NAME serves beside it",
	                 info.instance, (unsigned long long)info.pid);
}

/* What follows "shmpub" on a command line for this instance. */
static void put_place(struct session *s)
{
	const struct command_line *l = s->line;

	if (l->instance != NULL)
		out_printf(&s->out, " -i %s", l->instance);
	if (l->directory != NULL)
		out_printf(&s->out, " -d %s", l->directory);
}

static void put_python(struct session *s, const char *feed)
{
	const struct command_line *l = s->line;

	out_printf(&s->out, "read it:       python -c \"import shmpub; print(shmpub.subscribe('%s'",
	           feed);
	if (l->instance != NULL)
		out_printf(&s->out, ", instance='%s'", l->instance);
	if (l->directory != NULL)
		out_printf(&s->out, ", directory='%s'", l->directory);
	out_str(&s->out, ").df)\"\n");
}

/* Says what to do next. `log` NULL: in the foreground. A configuration has its own instance. */
static void print_next(struct session *s, const char *config, const char *log, uint64_t pid)
{
	char feed[UP_NAME_SIZE];
	const char *source;

	out_printf(&s->out, "configuration: %s\n", config);
	if (log != NULL)
		out_printf(&s->out, "process %llu, log: %s\n", (unsigned long long)pid, log);
	if (is_config(s->line->feeds[0]) ||
	    up_name(feed, &source, s->line->feeds[0], NULL) != SHMPUB_OK)
		return;
	put_python(s, feed);
	out_str(&s->out, "look at it:    shmpub");
	put_place(s);
	out_str(&s->out,
	        log != NULL ? " ls\nend it:        shmpub" : " ls\nend it:        Ctrl-C\n");
	if (log == NULL)
		return;
	put_place(s);
	out_str(&s->out, " down\n");
}

static int detach(struct session *s, const char *daemon, const char *config)
{
	struct buffer log = BUFFER_NONE, why = BUFFER_NONE;
	const char *name = is_config(s->line->feeds[0]) ? "up" : instance_of(s->line);
	uint64_t pid;
	int r = up_state_path(&log, name, ".log", &s->err);

	if (!r)
		r = up_detach(&pid, &why, daemon, config, log.data, &s->err);
	if (!r)
		print_next(s, config, log.data, pid);
	else if (why.size)
		terminal_write_error(why.data, why.size);
	buffer_free(&log);
	buffer_free(&why);
	return r;
}

static int launch(struct session *s, const char *config)
{
	struct buffer daemon = BUFFER_NONE;
	int r = up_find_daemon(&daemon, &s->err);

	if (!r && s->line->detach) {
		r = detach(s, daemon.data, config);
	} else if (!r) {
		print_next(s, config, NULL, 0);
		out_flush(&s->out);
		r = up_become(daemon.data, config, &s->err);
	}
	buffer_free(&daemon);
	return r;
}

static int save(struct session *s, struct span text)
{
	int r = up_write(s->line->save, text, false, &s->err);

	if (!r)
		out_printf(&s->out, "%s is written: shmpub up %s serves it\n", s->line->save,
		           s->line->save);
	return r;
}

static int serve_files(struct session *s)
{
	struct buffer text = BUFFER_NONE, config = BUFFER_NONE;
	int r = up_text(&text, s->line, instance_of(s->line), &s->err);

	if (!r && s->line->save != NULL) {
		r = save(s, buffer_span(&text));
	} else if (!r) {
		r = check_free(s);
		if (!r)
			r = up_state_path(&config, instance_of(s->line), ".ini", &s->err);
		if (!r)
			r = up_write(config.data, buffer_span(&text), true, &s->err);
		if (!r)
			r = launch(s, config.data);
	}
	buffer_free(&text);
	buffer_free(&config);
	return r;
}

int command_up(struct session *s)
{
	int r = check_words(s);

	if (r) {
		(void)session_fail(s);
		return EXIT_USAGE;
	}
	r = is_config(s->line->feeds[0]) ? launch(s, s->line->feeds[0]) : serve_files(s);
	return r ? session_fail(s) : EXIT_GOOD;
}
