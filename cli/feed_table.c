#include "feed_table.h"

#include <stdio.h>
#include "feed_members.h"
#include "human.h"
#include "show/align.h"
#include "wrap.h"

/*
 * A feed that was never published shows "-" instead of a snapshot's figures. AGE is the age of
 * the data, LOOKED the time since the publisher last looked at the source: data may be old and
 * up to date.
 */

#define INDENT 2
#define NARROWEST 20 /* on a narrower terminal lines are wider than it is */

enum column { FEED, STATE, SEQUENCE, ROWS, COLUMNS, SIZE, AGE, LOOKED, EVERY, ERROR, N_COLUMNS };

static const struct {
	const char *title;
	char align;
} columns[N_COLUMNS] = {
	[FEED] = { "FEED", 'l' },         [STATE] = { "STATE", 'l' },
	[SEQUENCE] = { "SEQUENCE", 'r' }, [ROWS] = { "ROWS", 'r' },
	[COLUMNS] = { "COLUMNS", 'r' },   [SIZE] = { "SIZE", 'r' },
	[AGE] = { "AGE", 'r' },           [LOOKED] = { "LOOKED", 'r' },
	[EVERY] = { "EVERY", 'r' },       [ERROR] = { "ERROR", 'l' },
};

/* The columns that are left out, in this order, until the table fits. */
static const enum column dropped[] = { ERROR, COLUMNS, EVERY, SIZE, SEQUENCE, ROWS, LOOKED, AGE };

static void put_cell(struct align *t, enum column c, const struct shmpub_feed_info *f,
                     const struct feed_list *list, int64_t now_ns)
{
	char text[FEED_TROUBLE_SIZE] = "-";
	bool is_there = f->sequence > 0;

	if (c == FEED)
		snprintf(text, sizeof(text), "%s", f->name);
	else if (c == STATE)
		snprintf(text, sizeof(text), "%s", feed_state(f->state));
	else if (c == SEQUENCE && is_there)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)f->sequence);
	else if (c == ROWS && is_there)
		human_count(text, f->rows);
	else if (c == COLUMNS && is_there)
		human_count(text, f->columns);
	else if (c == SIZE && is_there)
		human_size(text, f->size);
	else if (c == AGE && is_there)
		human_age(text, now_ns - feed_data_ns(f));
	else if (c == LOOKED && f->last_attempt_ns != 0)
		human_age(text, now_ns - f->last_attempt_ns);
	else if (c == EVERY)
		human_interval(text, f->interval_ms);
	else if (c == ERROR)
		feed_trouble(text, f, list->instance.why_gone);
	align_str(t, text);
}

static void fill_table(struct align *t, char layout[N_COLUMNS + 1], const struct feed_list *list,
                       int64_t now_ns, const bool is_shown[N_COLUMNS])
{
	size_t n = 0;

	for (int c = 0; c < N_COLUMNS; c++) {
		if (!is_shown[c])
			continue;
		layout[n++] = columns[c].align;
		align_str(t, columns[c].title);
	}
	layout[n] = '\0';
	t->layout = layout;
	for (size_t i = 0; i < list->n; i++) {
		for (int c = 0; c < N_COLUMNS; c++) {
			if (is_shown[c])
				put_cell(t, (enum column)c, &list->items[i], list, now_ns);
		}
	}
}

/* Appends the lines of the table in `text`, each with the feed's trouble on lines below it. */
static int put_with_troubles(struct buffer *out, struct span text, const struct feed_list *list,
                             size_t width, struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;
	int r = SHMPUB_OK;

	for (size_t line = 0; p < end && r == SHMPUB_OK; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		char trouble[FEED_TROUBLE_SIZE] = "";

		stop = stop != NULL ? stop + 1 : end;
		r = buffer_append(out, span_of(p, (size_t)(stop - p)), err);
		p = stop;
		if (line > 0)
			feed_trouble(trouble, &list->items[line - 1], list->instance.why_gone);
		if (r == SHMPUB_OK && trouble[0] != '\0')
			r = wrap_text(out, span_str(trouble), INDENT, width, err);
	}
	return r;
}

/*
 * Appends one feed below the other, for a terminal where not even name and state fit side by
 * side.
 */
static int put_as_list(struct buffer *out, const struct feed_list *list, size_t width,
                       struct shmpub_error *err)
{
	int r = buffer_append(out, span_str("FEED\n"), err);

	for (size_t i = 0; i < list->n && r == SHMPUB_OK; i++) {
		char trouble[FEED_TROUBLE_SIZE], line[FEED_TROUBLE_SIZE + 16];

		feed_trouble(trouble, &list->items[i], list->instance.why_gone);
		snprintf(line, sizeof(line), "%s%s%s", feed_state(list->items[i].state),
		         trouble[0] != '\0' ? ": " : "", trouble);
		r = wrap_text(out, span_str(list->items[i].name), 0, width, err);
		if (r == SHMPUB_OK)
			r = wrap_text(out, span_str(line), INDENT, width, err);
	}
	return r;
}

int feed_table_print(struct buffer *out, const struct feed_list *list, int64_t now_ns, size_t width,
                     struct shmpub_error *err)
{
	bool is_shown[N_COLUMNS];
	char layout[N_COLUMNS + 1];
	struct align t = ALIGN_NONE;
	struct buffer text = BUFFER_NONE;
	size_t n_dropped = 0;
	int r;

	if (width > 0 && width < NARROWEST)
		width = NARROWEST;
	for (int c = 0; c < N_COLUMNS; c++)
		is_shown[c] = true;
	for (;;) {
		fill_table(&t, layout, list, now_ns, is_shown);
		if (width == 0 || t.has_failed || align_width(&t) <= width)
			break;
		align_free(&t);
		if (n_dropped == ARRAY_LEN(dropped))
			return put_as_list(out, list, width, err);
		is_shown[dropped[n_dropped++]] = false;
	}
	r = align_print(is_shown[ERROR] ? out : &text, &t, 0, err);
	if (r == SHMPUB_OK && !is_shown[ERROR])
		r = put_with_troubles(out, buffer_span(&text), list, width, err);
	align_free(&t);
	buffer_free(&text);
	return r;
}
