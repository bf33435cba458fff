#include "command.h"

#include "clock.h"
#include "feed_list.h"
#include "human.h"
#include "terminal.h"
#include "width.h"

/*
 * shmpub top: the list of feeds on a screen of its own, drawn anew when something changed
 * and once a second for the ages; q, INT or TERM end it. A frame is written in one piece,
 * over the last one, so that nothing flickers.
 */

#define KEY_MS 100    /* the pace of looking for keys and changes */
#define FRAME_KEYS 10 /* looks between two frames without change */

#define SCREEN_ON "\x1b[?1049h\x1b[?25l"
#define SCREEN_OFF "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_BELOW "\x1b[J"

static void head_line(struct session *s, const struct shmpub_instance_info *i, int64_t now_ns)
{
	char age[HUMAN_SIZE], used[HUMAN_SIZE], held[HUMAN_SIZE];

	human_age(age, now_ns - i->started_ns);
	human_size(used, i->segment_bytes);
	human_size(held, i->held_bytes);
	out_printf(&s->out, "shmpub %s: %llu feeds, %s in snapshots, %s held, pid %llu, up %s%s",
	           i->instance, (unsigned long long)i->n_feeds, used, held,
	           (unsigned long long)i->pid, age, i->state == SHMPUB_STOPPED ? ", stopped" : "");
	out_str(&s->out, CLEAR_LINE "\r\n" CLEAR_LINE "\r\n");
}

/* The table's lines, as many as fit. */
static void put_lines(struct out *o, struct span text, size_t most)
{
	const char *p = text.data, *end = text.data + text.size;

	for (size_t n = 0; n < most && p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline != NULL ? newline : end;

		out_bytes(o, span_of(p, (size_t)(stop - p)));
		out_str(o, n + 1 < most ? CLEAR_LINE "\r\n" : CLEAR_LINE);
		p = stop + 1;
	}
}

static int put_table(struct session *s, struct feed_list *list, int64_t now_ns)
{
	struct align t = ALIGN_NONE;
	struct buffer text = BUFFER_NONE;
	size_t columns, lines;
	int r;

	terminal_size(&columns, &lines);
	feed_list_table(&t, list, now_ns);
	r = align_print(&text, &t, columns, &s->err);
	if (r == SHMPUB_OK)
		put_lines(&s->out, buffer_span(&text), lines > 3 ? lines - 3 : 1);
	align_free(&t);
	buffer_free(&text);
	return r;
}

static int draw(struct session *s, struct feed_list *list)
{
	struct shmpub_instance_info instance;
	int64_t now_ns = clock_now_ns();
	int r;

	out_str(&s->out, HOME);
	r = shmpub_instance(&instance, s->reader, &s->err);
	if (r == SHMPUB_OK)
		r = feed_list_read(list, s->reader, &s->err);
	if (r == SHMPUB_NO_INSTANCE) {
		out_printf(&s->out, "%s" CLEAR_LINE "\r\n", s->err.message);
		r = SHMPUB_OK;
	} else if (r == SHMPUB_OK) {
		head_line(s, &instance, now_ns);
		r = put_table(s, list, now_ns);
	}
	out_str(&s->out, CLEAR_BELOW);
	out_flush(&s->out);
	return r;
}

static int loop(struct session *s, struct feed_list *list)
{
	uint64_t change = 0;
	int r = SHMPUB_OK, looks = 0;

	while (r == SHMPUB_OK && !out_is_over(&s->out)) {
		int key, changed = shmpub_wait_any(s->reader, &change, 0, &s->err);

		if (changed < 0)
			return changed;
		if (changed == SHMPUB_OK || looks++ % FRAME_KEYS == 0)
			r = draw(s, list);
		key = terminal_key(KEY_MS);
		if (key == 'q' || key == 'Q' || key == 3 || key < 0)
			break;
	}
	return r;
}

int command_top(struct session *s)
{
	struct feed_list list = FEED_LIST_NONE;
	struct shmpub_instance_info instance;
	int r;

	if (!terminal_is_output()) {
		(void)session_say("top draws on a terminal; see ls, watch and metrics");
		return EXIT_USAGE;
	}
	if (shmpub_instance(&instance, s->reader, &s->err) != SHMPUB_OK)
		return session_fail(s);
	(void)terminal_raw();
	out_str(&s->out, SCREEN_ON);
	r = loop(s, &list);
	out_str(&s->out, SCREEN_OFF);
	out_flush(&s->out);
	terminal_restore();
	feed_list_free(&list);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}
