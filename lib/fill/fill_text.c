#include "fill/fill.h"

#include "columns/table.h"
#include "csv/unquote.h"
#include "types/again.h"

/*
 * Text: a cell's bytes behind those of the cell before, and where they begin. Ordinary cells are
 * copied in fixed steps, whose excess the next one overwrites; all others go one by one.
 */

#define STEP TEXT_BEYOND
_Static_assert(STEP >= CSV_UNQUOTE_BEYOND, "what is copied too much");

/* --- room ------------------------------------------------------------------------------------------ */

/* The sink's room does not suffice: from here on text is only counted. */
static void leave_sink(struct filler *f, size_t column)
{
	struct text_writer *w = &f->writers[column];

	f->fill->text_ends[column] = w->size;
	w->is_own = true;
	w->size = 0;
	w->text = w->own.data;
	w->room = w->own.capacity;
}

/* Room for a text of so many bytes. False: no memory. */
static bool make_room(struct filler *f, size_t column, uint64_t size)
{
	struct text_writer *w = &f->writers[column];

	if (size <= w->room - w->size)
		return true;
	if (!w->is_own)
		leave_sink(f, column);
	return size <= w->room - w->size || text_make_room(f, w, size);
}

/* --- cells that need a closer look ------------------------------------------------------------------ */

/* Collects type evidence; called until the column is certainly text. */
static bool note_text(struct filler *f, size_t column, struct span cell, uint64_t row)
{
	char *room = cells_room(&f->cells, cell.size + 1);

	if (room == NULL)
		return false;
	evidence_add(&f->notes[column].seen, &f->plan->columns[column], f->plan, cell, row, room);
	return true;
}

/*
 * What is not text as it stands: an integer as Python would print it, or what a second
 * reading makes of the cell. Empty when it is no such thing, or there is no memory.
 */
static struct span spell_anew(struct filler *f, const struct column_type *y, struct span cell)
{
	char *room;

	if (y->verdict.reading == READ_ANEW)
		return again_cell(&f->cells, y, f->plan, cell);
	room = cells_room(&f->cells, cell.size + 1);
	if (room == NULL)
		return span_of("", 0);
	return span_of(room, value_python_int(room, cell));
}

/* False: the column is broken or the filler has failed. */
static bool put_cell(struct filler *f, size_t column, const struct tile *t, size_t i)
{
	const struct column_type *y = &f->types[column];
	enum reading reading = y->verdict.reading;
	struct column_sink *sink = &f->sink->columns[column];
	struct column_notes *s = &f->notes[column];
	struct text_writer *w = &f->writers[column];
	uint64_t row = t->first_row + i;
	struct span cell = cells_text(&f->cells, tile_raw(t, i, y->plan->source));

	if (!s->seen.is_text && !column_is_told(y->plan) && !note_text(f, column, cell, row))
		return false;
	if (reading != READ_LITERAL && column_is_na(y->plan, cell)) {
		s->n_nulls++;
		bit_put(sink->validity, row, false);
		cell.size = 0;
	} else if (reading == READ_LONG || reading == READ_ANEW) {
		again_note_large(s, y, cell, tile_offset(t, i, y->plan->source));
		cell = spell_anew(f, y, cell);
		if (cell.size == 0) {
			fill_refuse(f, column, t, i);
			return false;
		}
	}
	if (!make_room(f, column, cell.size))
		return false;
	sink->offsets[row] = (int64_t)w->size;
	if (cell.size > 0)
		memcpy(w->text + w->size, cell.data, cell.size);
	w->size += cell.size;
	return f->cells.result == SHMPUB_OK;
}

/* --- ordinary cells ---------------------------------------------------------------------------------- */

/* What all cells of a run have in common. */
struct run {
	const struct column *c;
	const struct csv_unquote_kind *unquote;
	const struct csv_dialect *dialect;
	bool is_regular;
	const char *source_end; /* text may be read in steps up to here */
	char *to, *end;         /* where text goes, and where its room ends */
};

/*
 * True if the cell of a text column needs no closer look: it is not NA, and `text`, from
 * cell_bare(), is what it says but for doubled quotes. A quoted cell must be of a regular tile.
 */
static inline bool is_plain(const struct column *c, const struct csv_dialect *d, struct span text,
                            bool is_quoted)
{
	/* A word for NA may be written with doubled quotes, at up to twice its size. */
	if (text.size == 0 ||
	    (c->na->begins[(unsigned char)text.data[0]] && text.size <= 2 * c->na->size_max))
		return false;
	return is_quoted || (text.data[0] != d->quote &&
	                     !(d->is_whitespace && (text.data[0] == ' ' || text.data[0] == '\t')));
}

/* False: it is not certain that this is text, and just this text, or that there is room. */
static inline bool take_cell(struct run *d, struct span cell)
{
	bool is_quoted;

	cell = cell_bare(d->dialect, cell, &is_quoted);
	if ((is_quoted && !d->is_regular) || !is_plain(d->c, d->dialect, cell, is_quoted) ||
	    (size_t)(d->end - d->to) < cell.size + STEP ||
	    (size_t)(d->source_end - cell.data) < cell.size + STEP)
		return false;
	if (is_quoted) {
		d->to += d->unquote->copy(d->to, cell, d->dialect->quote);
		return true;
	}
	for (size_t i = 0; i < cell.size; i += STEP)
		memcpy(d->to + i, cell.data + i, STEP);
	d->to += cell.size;
	return true;
}

/* Copies cells from row i on for as long as they are ordinary; returns how many. */
static size_t take_cells(struct filler *f, size_t column, const struct tile *t, size_t i)
{
	struct text_writer *w = &f->writers[column];
	int64_t *offsets = f->sink->columns[column].offsets + t->first_row;
	struct run d = {
		.c = &f->plan->columns[column],
		.unquote = csv_unquote_best(),
		.dialect = f->cells.dialect,
		.is_regular = t->is_regular,
		.source_end = t->window->text.data + t->window->readable,
	};
	size_t row;

	if (w->text == NULL)
		return 0;
	d.to = w->text + w->size;
	d.end = w->text + w->room;
	for (row = i; row < t->n_rows; row++) {
		char *to = d.to;

		if (!take_cell(&d, tile_raw(t, row, d.c->source)))
			break;
		offsets[row] = to - w->text;
	}
	w->size = (uint64_t)(d.to - w->text);
	return row - i;
}

void fill_text(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];
	struct column_notes *s = &f->notes[column];
	bool is_told = column_is_told(y->plan);

	for (size_t i = 0; i < t->n_rows; i++) {
		if (y->verdict.reading == READ_TEXT && (is_told || s->seen.is_text))
			i += take_cells(f, column, t, i);
		if (i < t->n_rows && !put_cell(f, column, t, i))
			return;
	}
}
