#include "ingest/part.h"

#include "columns/table.h"
#include "csv/unquote.h"

/*
 * Text straight to its place. A refresh after the first knows how much text there was in
 * each column and has room for about as much; so one pass writes offsets and bytes while
 * the source lies in the nearest caches, where fill_text.c makes two. A column that turns
 * out to have more text than there is room for is broken, and its text is counted first in
 * the next round.
 *
 * Short texts are copied by a fixed number of bytes, whose excess the next one overwrites.
 */

#define STEP DIRECT_BEYOND
_Static_assert(STEP >= CSV_UNQUOTE_BEYOND, "what is copied too much");

static void run_out_of_room(struct column_state *s)
{
	s->is_out_of_room = true;
	s->is_broken = true;
}

void direct_put(struct part *p, size_t column, uint64_t row, struct span text)
{
	struct column_sink *sink = &p->sink->columns[column];
	struct column_state *s = &p->states[column];

	if (text.size > sink->text_room - s->text_size) {
		run_out_of_room(s);
		return;
	}
	sink->offsets[row] = (int64_t)s->text_size;
	if (text.size)
		memcpy(sink->text + s->text_size, text.data, text.size);
	s->text_size += text.size;
}

/* What all cells of a run have in common. */
struct direct {
	const struct column *c;
	const struct csv_unquote_kind *unquote;
	const struct csv_dialect *dialect;
	bool is_regular;
	const char *source_end; /* text may be read in steps up to here */
	char *to, *end;         /* where text goes, and where its room ends */
};

/* False: it is not certain that this is text, and just this text, or that there is room. */
static inline bool take_cell(struct direct *d, struct span cell)
{
	bool is_quoted;

	cell = part_bare(d->dialect, cell, &is_quoted);
	if ((is_quoted && !d->is_regular) || !part_is_text(d->c, d->dialect, cell, is_quoted) ||
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

size_t direct_take(struct part *p, size_t column, const struct tile *t, size_t i)
{
	struct column_sink *sink = &p->sink->columns[column];
	struct column_state *s = &p->states[column];
	int64_t *offsets = sink->offsets + t->first_row;
	struct direct d = {
		.c = &p->in->columns.columns[column],
		.unquote = csv_unquote_best(),
		.dialect = &p->in->dialect,
		.is_regular = t->is_regular,
		.source_end = p->in->text.data + p->in->text.size,
		.to = sink->text + s->text_size,
		.end = sink->text + sink->text_room,
	};
	size_t row;

	for (row = i; row < t->n_rows; row++) {
		char *to = d.to;

		if (!take_cell(&d, tile_raw(t, row, d.c->source)))
			break;
		offsets[row] = to - sink->text;
	}
	s->text_size = (uint64_t)(d.to - sink->text);
	return row - i;
}
