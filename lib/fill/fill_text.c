#include "fill/fill.h"

#include "columns/table.h"
#include "csv/unquote.h"
#include "types/again.h"

/*
 * Fills text columns. The bytes of each cell are written after those of the cell before it, and
 * the cell's offset says where they begin. Ordinary cells are copied in steps of a fixed size; the
 * bytes that a step copies too many are overwritten by the next cell. All other cells are copied
 * one at a time.
 */

#define STEP TEXT_BEYOND
_Static_assert(STEP >= CSV_UNQUOTE_BEYOND, "what is copied too much");

/* --- room ------------------------------------------------------------------------------------------ */

/* Called when the sink has no room for the next text: from then on text is only counted. */
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

/*
 * Collects type evidence until the column is certainly text. False: no memory. Once it is known
 * that the column is not one of integers, numbers as most are written say nothing more.
 */
static bool note_text(struct filler *f, size_t column, const struct tile *t)
{
	const struct column *c = &f->plan->columns[column];
	struct evidence *seen = &f->notes[column].seen;

	for (size_t i = 0; i < t->n_rows && !seen->is_text; i++) {
		struct span cell = cells_text(&f->cells, tile_raw(t, i, c->source));
		char *room;

		if (evidence_is_spared(seen, c, cell))
			continue;
		room = cells_room(&f->cells, cell.size + 1);
		if (room == NULL)
			return false;
		evidence_add(seen, c, f->plan, cell, t->first_row + i, room);
	}
	return f->cells.result == SHMPUB_OK;
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

/*
 * What all cells of a run have in common. Everything here is a copy: text is written as bytes, and
 * after each such write a compiler would have to load again what a pointer leads to.
 */
struct run {
	struct csv_unquote_kind unquote;
	struct csv_dialect dialect;
	struct word_set na;
	bool is_regular;
	const char *source_end; /* text may be read in steps up to here */
	char *to, *end;         /* where text goes, and where its room ends */
};

/* Writes a cell's text to d->to. False: it is not certain what its text is, or that there is room. */
static inline bool copy_cell(size_t *size, struct run *d, struct span cell)
{
	bool is_quoted, is_first;

	cell = cell_bare(&d->dialect, cell, &is_quoted);
	/* A cell that the record does not have may begin past the end of the source. */
	if ((is_quoted && !d->is_regular) || d->end - d->to < (ptrdiff_t)(cell.size + STEP) ||
	    d->source_end - cell.data < (ptrdiff_t)(cell.size + STEP))
		return false;
	if (is_quoted) {
		*size = d->unquote.copy(d->to, cell, d->dialect.quote);
		return true;
	}
	is_first = cell.size > 0 &&
	           (cell.data[0] == d->dialect.quote ||
	            (d->dialect.is_whitespace && (cell.data[0] == ' ' || cell.data[0] == '\t')));
	if (is_first)
		return false;
	memcpy(d->to, cell.data, STEP);
	for (size_t i = STEP; i < cell.size; i += STEP)
		memcpy(d->to + i, cell.data + i, STEP);
	*size = cell.size;
	return true;
}

/*
 * Copies cells from row i on for as long as they are ordinary; returns how many. A cell that is
 * NA is copied as well, and the next one goes over it: where NA comes at random, a branch costs
 * more than the copy.
 */
static size_t take_cells(struct filler *f, size_t column, const struct tile *t, size_t i)
{
	const struct column *c = &f->plan->columns[column];
	const struct cell_run cells = tile_run(t, 0, c->source);
	int64_t *offsets = f->sink->columns[column].offsets + t->first_row;
	uint8_t *validity = f->sink->columns[column].validity;
	struct text_writer *w = &f->writers[column];
	struct run d = {
		.unquote = *csv_unquote_best(),
		.dialect = *f->cells.dialect,
		.na = c->na->words,
		.is_regular = t->is_regular,
		.source_end = t->window->text.data + t->window->readable,
	};
	const uint64_t first_row = t->first_row;
	const size_t n_rows = t->n_rows;
	char *const text = w->text;
	uint64_t n_nulls = 0;
	size_t row, size;

	if (text == NULL)
		return 0;
	d.to = text + w->size;
	d.end = text + w->room;
	for (row = i; row < n_rows; row++) {
		uint64_t at = first_row + row;
		unsigned is_na;

		if (!copy_cell(&size, &d, cell_run_at(&cells, row)))
			break;
		is_na = word_set_other_size(&d.na, size)
		                ? word_set_has_other(&c->na->words, span_of(d.to, size))
		                : word_set_has_readable(&d.na, d.to, size);
		offsets[row] = d.to - text;
		validity[at >> 3] &= (uint8_t) ~(is_na << (at & 7));
		n_nulls += is_na;
		d.to += size & (is_na - (size_t)1);
	}
	f->notes[column].n_nulls += n_nulls;
	w->size = (uint64_t)(d.to - text);
	return row - i;
}

void fill_text(struct filler *f, size_t column, const struct tile *t)
{
	const struct column_type *y = &f->types[column];

	if (!column_has_known_type(y->plan) && !note_text(f, column, t))
		return;
	for (size_t i = 0; i < t->n_rows; i++) {
		if (y->verdict.reading == READ_TEXT)
			i += take_cells(f, column, t, i);
		if (i < t->n_rows && !put_cell(f, column, t, i))
			return;
	}
}
