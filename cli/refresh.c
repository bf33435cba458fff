#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/error.h"
#include "base/name.h"
#include "control.h"

/*
 * shmpub refresh: asks the daemon for refreshes at once, and tells how they end. It is the one
 * command that talks to the daemon, and only the instance's owner and root may use it.
 *
 * Requests go out a bounded number at a time: the daemon waits for nobody to read its answers.
 */

#define AT_A_TIME 256
#define LINE_SIZE 1200 /* a feed's name and an error */

struct talk {
	struct session *s;
	struct control_stream stream;
	char input[4096];
	size_t at, end;
	bool has_failed;
};

/* Reads a line of the daemon, without its newline. False: there are no more, or s->err says why. */
static bool read_line(struct talk *t, char line[LINE_SIZE])
{
	size_t n = 0;

	for (;;) {
		if (t->at == t->end) {
			t->at = 0;
			if (control_read(&t->end, &t->stream, t->input, sizeof(t->input),
			                 &t->s->err) != SHMPUB_OK)
				return false;
			if (t->end == 0) {
				error_set(&t->s->err, SHMPUB_ERR_SYS,
				          "the daemon has closed the connection");
				return false;
			}
		}
		if (t->input[t->at] == '\n')
			break;
		if (n + 1 < LINE_SIZE)
			line[n++] = t->input[t->at];
		t->at++;
	}
	t->at++;
	line[n] = '\0';
	return true;
}

static void tell_failure(struct talk *t, const char *feed, const char *word, const char *reason)
{
	char line[2 * LINE_SIZE + 16];

	out_flush(&t->s->out); /* so that lines of both streams are in order */
	(void)snprintf(line, sizeof(line), "%s: %s%s", feed, word, reason);
	(void)session_say(line);
	t->has_failed = true;
}

/* Prints an answer: "FEED WORD REST". */
static void print_answer(struct talk *t, char *line)
{
	char *word = strchr(line, ' '), *rest;

	if (word == NULL)
		return;
	*word++ = '\0';
	rest = strchr(word, ' ');
	if (rest != NULL)
		*rest++ = '\0';
	if (strcmp(word, "published") == 0 && rest != NULL) {
		char *rows = strchr(rest, ' ');

		out_printf(&t->s->out, "%s: published, sequence %.*s, %s rows\n", line,
		           (int)strcspn(rest, " "), rest, rows != NULL ? rows + 1 : "?");
	} else if (strcmp(word, "failed") == 0) {
		tell_failure(t, line, "failed: ", rest != NULL ? rest : "");
	} else if (strcmp(word, "unknown") == 0) {
		tell_failure(t, line, "", rest != NULL ? rest : "no such feed");
	} else {
		out_printf(&t->s->out, "%s: %s\n", line, word);
	}
	out_flush(&t->s->out);
}

static int write_requests(struct talk *t, char **feeds, size_t n)
{
	const char *word = t->s->line->no_wait ? "ask" : "refresh";
	struct buffer text = BUFFER_NONE;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < n && !r; i++)
		r = buffer_printf(&text, &t->s->err, "%s %s\n", word, feeds[i]);
	if (!r)
		r = control_write(&t->stream, text.data, text.size, &t->s->err);
	buffer_free(&text);
	return r;
}

/* Asks for all feeds. Returns false when the talk broke off; s->err says why. */
static bool ask_all(struct talk *t)
{
	const struct command_line *l = t->s->line;
	char line[LINE_SIZE];

	for (size_t first = 0; first < l->n_feeds; first += AT_A_TIME) {
		size_t left = l->n_feeds - first, n = left < AT_A_TIME ? left : AT_A_TIME;

		if (write_requests(t, l->feeds + first, n) != SHMPUB_OK)
			return false;
		for (size_t i = 0; i < n; i++) {
			if (!read_line(t, line))
				return false;
			print_answer(t, line);
		}
	}
	return true;
}

/* A name by another rule could be taken for another request. */
static int check_names(struct session *s)
{
	for (size_t i = 0; i < s->line->n_feeds; i++) {
		if (!name_is_feed(span_str(s->line->feeds[i])))
			return error_set(&s->err, SHMPUB_ERR_INVALID, "'%s' is no feed's name",
			                 s->line->feeds[i]);
	}
	return SHMPUB_OK;
}

int command_refresh(struct session *s)
{
	const struct command_line *l = s->line;
	struct talk t = { .s = s, .stream = CONTROL_STREAM_NONE };
	struct shmpub_instance_info instance;
	int r = check_names(s);

	if (!r)
		r = shmpub_instance(&instance, s->reader, &s->err);
	if (!r && instance.why_gone[0] != '\0')
		r = error_set(&s->err, SHMPUB_ERR_SYS, "instance %s: publisher gone: %s",
		              instance.instance, instance.why_gone);
	if (!r)
		r = control_connect(&t.stream,
		                    l->directory != NULL ? l->directory : SHMPUB_DIRECTORY,
		                    instance.instance, instance.pid, &s->err);
	if (r)
		return session_fail(s);
	r = ask_all(&t) ? EXIT_GOOD : session_fail(s);
	control_disconnect(&t.stream);
	return t.has_failed ? EXIT_BAD : r;
}
