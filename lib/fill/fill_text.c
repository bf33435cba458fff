#include "fill/fill.h"

#include "columns/table.h"
#include "csv/copy_cells.h"
#include "types/again.h"

/*
 * Fills text columns. The bytes of each cell are written after those of the cell before it, and
 * the cell's offset says where they begin. csv/copy_cells.h copies ordinary cells, many at a time. All
 * other cells are copied one at a time.
 */

_Static_assert(TEXT_BEYOND >= COPY_CELLS_BEYOND, "what is copied too much");

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

/* Returns true if the text of the cell goes into the column as it stands, and is not NA. */
static bool is_as_written(const struct column_type *y, struct span cell)
{
	return y->verdict.reading == READ_LONG && y->plan->index_level < 0 &&
	       y->plan->has_plain_numbers && value_is_plain_long(cell);
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
	bool is_done = is_as_written(y, cell);

	if (!is_done && reading != READ_LITERAL && column_is_na(y->plan, cell)) {
		s->n_nulls++;
		bit_put(sink->validity, row, false);
		cell.size = 0;
	} else if (!is_done && (reading == READ_LONG || reading == READ_ANEW)) {
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

/* Copies cells from row i on for as long as they are ordinary; returns how many. */
static size_t take_cells(struct filler *f, size_t column, const struct tile *t, size_t i)
{
	const struct column *c = &f->plan->columns[column];
	const struct cell_run run = tile_run(t, i, c->source);
	struct text_writer *w = &f->writers[column];
	struct cell_copy copy = {
		.dialect = f->cells.dialect,
		.na = &c->na->words,
		.is_regular = t->is_regular,
		.source_end = t->window->text.data + t->window->readable,
		.text = w->text,
		.room = w->room,
		.validity = f->sink->columns[column].validity,
		.offsets = f->sink->columns[column].offsets,
		.row = t->first_row + i,
		.size = w->size,
	};
	size_t n = w->text ? copy_cells_best()->copy(&copy, &run, t->n_rows - i) : 0;

	f->notes[column].n_nulls += copy.n_nulls;
	w->size = copy.size;
	return n;
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
