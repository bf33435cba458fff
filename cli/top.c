#include "command.h"

#include <stdio.h>
#include "clock.h"
#include "reader/feed_list.h"
#include "feed_table.h"
#include "human.h"
#include "terminal.h"

/*
 * shmpub top: shows the list of feeds on a screen of its own, feeds that need attention first.
 * It is drawn again when something changed, and once a second for the ages. q, INT or TERM end
 * it. A frame is written in one piece over the last one, so that nothing flickers.
 */

#define KEY_MS 100    /* between two looks for changes, spent waiting for a key */
#define ESCAPE_MS 50  /* how long to wait for the other bytes of a key */
#define FRAME_KEYS 10 /* looks from one frame to the next without change */
#define HEAD_LINES 3  /* two lines about the instance, and the titles */
#define FULL_LINES 5 /* on fewer lines the head is one line, without the publisher and the titles */

#define SCREEN_ON "\x1b[?1049h\x1b[?25l"
#define SCREEN_OFF "\x1b[?25h\x1b[?1049l"
#define HOME "\x1b[H"
#define CLEAR_LINE "\x1b[K"
#define CLEAR_BELOW "\x1b[J"

struct view {
	struct feed_list list;
	size_t first;         /* the first line of the table that is shown */
	size_t n_lines, page; /* of the last frame: lines of the table, lines shown */
};

/* --- frames ------------------------------------------------------------------------------------ */

/*
 * Writes a line of ASCII, cut at the terminal's width. Every line but the first begins with a line
 * break: a break after the last line of the screen would scroll it.
 */
static void put_line(struct out *o, const char *text, size_t width)
{
	size_t size = strlen(text);

	out_bytes(o, span_of(text, size < width ? size : width));
	out_str(o, CLEAR_LINE);
}

static void put_head(struct out *o, const struct feed_list *list, size_t width)
{
	static const struct {
		enum shmpub_feed_state state;
		const char *word;
	} states[] = {
		{ SHMPUB_FEED_FAILING, "failing" },
		{ SHMPUB_FEED_STALE, "stale" },
		{ SHMPUB_FEED_NEVER, "never published" },
		{ SHMPUB_FEED_GONE, "gone" },
	};
	char line[256];
	int at = snprintf(line, sizeof(line), "shmpub %s: %zu feed%s", list->instance.instance,
	                  list->n, list->n == 1 ? "" : "s");

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		size_t n = feed_list_count(list, states[i].state);

		if (n > 0)
			at += snprintf(line + at, sizeof(line) - (size_t)at, ", %zu %s", n,
			               states[i].word);
	}
	put_line(o, line, width);
}

static void put_publisher(struct out *o, const struct shmpub_instance_info *i, int64_t now_ns,
                          size_t width)
{
	char line[256], age[HUMAN_SIZE], used[HUMAN_SIZE], held[HUMAN_SIZE];

	human_age(age, now_ns - i->started_ns);
	human_size(used, i->segment_bytes);
	human_size(held, i->held_bytes);
	if (i->why_gone[0] != '\0')
		(void)snprintf(line, sizeof(line), "publisher gone: %s; %s in snapshots",
		               i->why_gone, used);
	else
		(void)snprintf(line, sizeof(line), "pid %llu, up %s, %s in snapshots, %s held",
		               (unsigned long long)i->pid, age, used, held);
	out_str(o, "\r\n");
	put_line(o, line, width);
}

static struct span next_line(struct span *text)
{
	const char *newline = memchr(text->data, '\n', text->size);
	size_t size = newline != NULL ? (size_t)(newline - text->data) : text->size;
	struct span line = span_of(text->data, size);

	size += newline != NULL;
	*text = span_of(text->data + size, text->size - size);
	return line;
}

static size_t count_lines(struct span text)
{
	size_t n = 0;

	for (; text.size > 0; n++)
		(void)next_line(&text);
	return n;
}

static void put_row(struct out *o, struct span row)
{
	out_str(o, "\r\n");
	out_bytes(o, row);
	out_str(o, CLEAR_LINE);
}

/*
 * Writes the titles (unless the screen is short) and the rows in view on `room` lines. If not all
 * rows are in view, the last line says which are, unless it is the only one.
 */
static void put_table(struct out *o, struct view *v, struct span text, size_t width, size_t room,
                      bool has_titles)
{
	struct span titles = next_line(&text);
	bool has_footer;
	char line[128];

	v->n_lines = count_lines(text);
	has_footer = v->n_lines > room && room > 1;
	v->page = has_footer ? room - 1 : room;
	if (v->first + v->page > v->n_lines)
		v->first = v->n_lines > v->page ? v->n_lines - v->page : 0;
	if (has_titles)
		put_row(o, titles);
	for (size_t i = 0; text.size > 0; i++) {
		struct span row = next_line(&text);

		if (i >= v->first && i < v->first + v->page)
			put_row(o, row);
	}
	if (!has_footer)
		return;
	(void)snprintf(line, sizeof(line), "%zu to %zu of %zu lines; arrows, page keys, q",
	               v->first + 1, v->first + v->page, v->n_lines);
	out_str(o, "\r\n");
	put_line(o, line, width);
}

static int put_frame(struct session *s, struct view *v)
{
	struct buffer text = BUFFER_NONE;
	int64_t now_ns = clock_now_ns();
	size_t width, lines;
	bool is_full;
	int r;

	terminal_size(&width, &lines);
	is_full = lines >= FULL_LINES;
	feed_list_sort_by_need(&v->list);
	r = feed_table_print(&text, &v->list, now_ns, width, &s->err);
	if (r == SHMPUB_OK) {
		put_head(&s->out, &v->list, width);
		if (is_full)
			put_publisher(&s->out, &v->list.instance, now_ns, width);
		put_table(&s->out, v, buffer_span(&text), width, lines - (is_full ? HEAD_LINES : 1),
		          is_full);
	}
	buffer_free(&text);
	return r;
}

static int draw(struct session *s, struct view *v)
{
	int r;

	out_str(&s->out, HOME);
	r = feed_list_read(&v->list, s->reader, &s->err);
	if (r == SHMPUB_OK)
		r = put_frame(s, v);
	else if (r == SHMPUB_NO_INSTANCE) {
		out_printf(&s->out, "%s" CLEAR_LINE, s->err.message);
		r = SHMPUB_OK;
	}
	out_str(&s->out, CLEAR_BELOW);
	out_flush(&s->out);
	return r;
}

/* --- keys -------------------------------------------------------------------------------------- */

enum move { STAY, UP, DOWN, PAGE_UP, PAGE_DOWN, FIRST, LAST, END };

static const struct {
	const char *bytes;
	enum move move;
} keys[] = {
	{ "q", END },
	{ "Q", END },
	{ "\x03", END },
	{ "k", UP },
	{ "\x1b[A", UP },
	{ "\x1bOA", UP },
	{ "j", DOWN },
	{ "\x1b[B", DOWN },
	{ "\x1bOB", DOWN },
	{ "b", PAGE_UP },
	{ "\x1b[5~", PAGE_UP },
	{ " ", PAGE_DOWN },
	{ "\x1b[6~", PAGE_DOWN },
	{ "g", FIRST },
	{ "\x1b[H", FIRST },
	{ "G", LAST },
	{ "\x1b[F", LAST },
};

/* The bytes of a key of several bytes begin with ESC and end with a letter or "~". */
static enum move read_key(void)
{
	char bytes[8] = "";
	int key = terminal_key(KEY_MS);

	if (key < 0)
		return END;
	if (key == 0)
		return STAY;
	bytes[0] = (char)key;
	for (size_t n = 1; bytes[0] == '\x1b' && n < sizeof(bytes) - 1; n++) {
		key = terminal_key(ESCAPE_MS);
		if (key <= 0)
			return key < 0 ? END : STAY;
		bytes[n] = (char)key;
		if (n > 1 && (key == '~' || (key >= 'A' && key <= 'Z')))
			break;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(bytes, keys[i].bytes) == 0)
			return keys[i].move;
	}
	return STAY;
}

static size_t subtract_or_zero(size_t from, size_t n)
{
	return from > n ? from - n : 0;
}

/* Moves the view. A position beyond the end is corrected when the next frame is drawn. */
static void scroll(struct view *v, enum move move)
{
	switch (move) {
	case UP:
		v->first = subtract_or_zero(v->first, 1);
		break;
	case DOWN:
		v->first++;
		break;
	case PAGE_UP:
		v->first = subtract_or_zero(v->first, v->page);
		break;
	case PAGE_DOWN:
		v->first += v->page;
		break;
	case FIRST:
		v->first = 0;
		break;
	case LAST:
		v->first = v->n_lines;
		break;
	default:
		break;
	}
}

static int loop(struct session *s, struct view *v)
{
	enum move move = STAY;
	uint64_t change = 0;
	int r = SHMPUB_OK, looks = 0;

	while (r == SHMPUB_OK && move != END && !out_is_over(&s->out)) {
		int changed = shmpub_wait_any(s->reader, &change, 0, &s->err);

		if (changed < 0)
			return changed;
		scroll(v, move);
		if (changed == SHMPUB_OK || move != STAY || looks++ % FRAME_KEYS == 0)
			r = draw(s, v);
		move = read_key();
	}
	return r;
}

int command_top(struct session *s)
{
	struct view v = { .list = FEED_LIST_NONE };
	struct shmpub_instance_info instance;
	int r;

	if (!terminal_is_output()) {
		(void)session_say("top draws on a terminal; see ls, watch and metrics");
		return EXIT_USAGE;
	}
	if (shmpub_instance(&instance, s->reader, &s->err) != SHMPUB_OK)
		return session_fail(s);
	if (!terminal_start_drawing()) {
		(void)session_say(
		        "top needs a terminal that follows escape sequences, as Windows has "
		        "since Windows 10; see ls, watch and metrics");
		return EXIT_USAGE;
	}
	(void)terminal_raw();
	out_str(&s->out, SCREEN_ON);
	r = loop(s, &v);
	out_str(&s->out, SCREEN_OFF);
	out_flush(&s->out);
	terminal_restore();
	feed_list_free(&v.list);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}
