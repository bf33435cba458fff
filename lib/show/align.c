#include "show/align.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/error.h"
#include "base/utf8.h"
#include "show/width.h"

/*
 * The text of a cell is made printable when the cell is added, so that the printed text is the
 * one that was measured.
 */

#define GAP 2 /* blanks between two columns */

struct align_cell {
	size_t offset, size; /* in the table's text */
	size_t width;        /* in columns of a terminal */
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

static size_t column_width(const struct align *t, size_t column, size_t n_columns, size_t n_cells)
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
		most += column_width(t, c, n_columns, n_cells);
	return most;
}

/* The line that is being printed. Blanks are written only when text follows them. */
struct line {
	struct buffer *out;
	size_t width;          /* columns of a terminal written so far */
	size_t pending_blanks; /* to be written before the next text */
	size_t limit;          /* the line is cut after so many columns; 0: it is not cut */
	int r;                 /* the first error of a write */
};

static void put_text(struct line *l, struct span text, struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;

	while (p < end && l->r == SHMPUB_OK) {
		const char *from = p;
		unsigned width = width_of(utf8_next(&p, end));

		if (l->limit > 0 && l->width + l->pending_blanks + width > l->limit) {
			l->width = l->limit; /* no later cell of this line fits either */
			return;
		}
		for (; l->pending_blanks > 0 && l->r == SHMPUB_OK; l->pending_blanks--, l->width++)
			l->r = buffer_append(l->out, span_str(" "), err);
		if (l->r == SHMPUB_OK)
			l->r = buffer_append(l->out, span_of(from, (size_t)(p - from)), err);
		l->width += width;
	}
}

static void put_cell(struct line *l, const struct align *t, size_t i, bool right, size_t width,
                     struct shmpub_error *err)
{
	struct align_cell cell = cell_at(t, i);
	size_t blanks = width - cell.width;

	l->pending_blanks += right ? blanks : 0;
	if (cell.size > 0)
		put_text(l, span_of(t->text.data + cell.offset, cell.size), err);
	l->pending_blanks += GAP + (right ? 0 : blanks);
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
		widths[c] = column_width(t, c, n_columns, n_cells);
	for (size_t i = 0; i < n_cells && l.r == SHMPUB_OK; i++) {
		size_t c = i % n_columns;

		put_cell(&l, t, i, t->layout[c] == 'r', widths[c], err);
		if (c + 1 < n_columns || l.r)
			continue;
		l.r = buffer_append(out, span_str("\n"), err);
		l.width = l.pending_blanks = 0;
	}
	return l.r;
}

void align_free(struct align *t)
{
	buffer_free(&t->text);
	buffer_free(&t->cells);
	*t = ALIGN_NONE;
}
