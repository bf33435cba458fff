#include "show/align.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/error.h"
#include "base/utf8.h"
#include "show/width.h"

/*
 * Cells are made printable as they come, so that what is measured is what is printed.
 */

#define GAP 2

struct align_cell {
	size_t offset, size, width;
};

void align_cell(struct align *t, struct span text)
{
	struct align_cell cell = { .offset = t->text.size };

	if (t->has_failed)
		return;
	if (width_printable(&t->text, text, NULL) != SHMPUB_OK) {
		t->has_failed = true;
		return;
	}
	cell.size = t->text.size - cell.offset;
	cell.width = cell.size > 0 ? width_text(span_of(t->text.data + cell.offset, cell.size)) : 0;
	if (buffer_append(&t->cells, span_of((const char *)&cell, sizeof(cell)), NULL) != SHMPUB_OK)
		t->has_failed = true;
}

void align_str(struct align *t, const char *text)
{
	align_cell(t, span_str(text));
}

void align_printf(struct align *t, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	align_str(t, text);
}

static struct align_cell cell_at(const struct align *t, size_t i)
{
	struct align_cell cell;

	memcpy(&cell, t->cells.data + i * sizeof(cell), sizeof(cell));
	return cell;
}

static size_t widest(const struct align *t, size_t column, size_t n_columns, size_t n_cells)
{
	size_t most = 0;

	for (size_t i = column; i < n_cells; i += n_columns) {
		size_t width = cell_at(t, i).width;

		most = width > most ? width : most;
	}
	return most;
}

size_t align_width(const struct align *t)
{
	size_t n_columns = strlen(t->layout);
	size_t n_cells = t->cells.size / sizeof(struct align_cell);
	size_t most = n_columns > 0 ? (n_columns - 1) * GAP : 0;

	for (size_t c = 0; c < n_columns; c++)
		most += widest(t, c, n_columns, n_cells);
	return most;
}

/* One line under way: blanks are owed until something follows them. */
struct line {
	struct buffer *out;
	size_t at, owed, limit;
	int r;
};

static void put_text(struct line *l, struct span text, struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;

	while (p < end && l->r == SHMPUB_OK) {
		const char *from = p;
		unsigned width = width_of(utf8_next(&p, end));

		if (l->limit > 0 && l->at + l->owed + width > l->limit) {
			l->at = l->limit; /* nothing more fits on this line */
			return;
		}
		for (; l->owed > 0 && l->r == SHMPUB_OK; l->owed--, l->at++)
			l->r = buffer_append(l->out, span_str(" "), err);
		if (l->r == SHMPUB_OK)
			l->r = buffer_append(l->out, span_of(from, (size_t)(p - from)), err);
		l->at += width;
	}
}

static void put_cell(struct line *l, const struct align *t, size_t i, bool right, size_t width,
                     struct shmpub_error *err)
{
	struct align_cell cell = cell_at(t, i);
	size_t blanks = width - cell.width;

	l->owed += right ? blanks : 0;
	if (cell.size > 0)
		put_text(l, span_of(t->text.data + cell.offset, cell.size), err);
	l->owed += GAP + (right ? 0 : blanks);
}

int align_print(struct buffer *out, const struct align *t, size_t width, struct shmpub_error *err)
{
	size_t n_columns = strlen(t->layout);
	size_t n_cells = t->cells.size / sizeof(struct align_cell);
	size_t widths[32];
	struct line l = { .out = out, .limit = width };

	if (t->has_failed || n_columns == 0 || n_columns > ARRAY_LEN(widths))
		return t->has_failed ? error_nomem(err, t->text.size) : SHMPUB_OK;
	for (size_t c = 0; c < n_columns; c++)
		widths[c] = widest(t, c, n_columns, n_cells);
	for (size_t i = 0; i < n_cells && l.r == SHMPUB_OK; i++) {
		size_t c = i % n_columns;

		put_cell(&l, t, i, t->layout[c] == 'r', widths[c], err);
		if (c + 1 < n_columns || l.r)
			continue;
		l.r = buffer_append(out, span_str("\n"), err);
		l.at = l.owed = 0;
	}
	return l.r;
}

void align_free(struct align *t)
{
	buffer_free(&t->text);
	buffer_free(&t->cells);
	*t = ALIGN_NONE;
}
