#include "ingest/part.h"

#include <assert.h>

#include "base/error.h"
#include "columns/table.h"
#include "csv/unquote.h"
#include "ingest/again.h"

/*
 * Text in two rounds. The first leaves in a cell's slot of `offsets` where its bytes
 * stand, counted from the mark before it, and adds up how many bytes there will be. The
 * second goes over the slots in order, copies, and puts the final offset in the slot's
 * place.
 */

#define SLOT_NA 1u
#define SLOT_WORK 2u   /* to be unescaped, or spelled anew */
#define SLOT_QUOTED 3u /* what stands between regular quotes: to be copied as csv/unquote.h does */
#define SLOT_FLAGS 3u

static uint64_t slot_of(const struct tile *t, struct span text, unsigned flags)
{
	return (uint64_t)(uint32_t)(text.data - t->base) << 32 | (uint64_t)text.size << 2 | flags;
}

/* Collects type evidence; called until the column is certainly text. */
static bool note_text(struct part *p, size_t column, struct span cell, uint64_t row)
{
	const struct column *c = &p->in->columns.columns[column];
	char *room = part_room(p, cell.size + 1);

	if (room == NULL)
		return false;
	evidence_add(&p->states[column].seen, c, &p->in->columns, cell, row, room);
	return true;
}

/*
 * What is not text as it stands: an integer as Python would print it, or what a second
 * reading makes of the cell. Empty when it is no such thing, or there is no memory.
 */
static struct span spell_anew(struct part *p, const struct column *c, struct span cell)
{
	char *room;

	if (c->verdict.reading == READ_ANEW)
		return again_cell(p, c, cell);
	room = part_room(p, cell.size + 1);
	if (room == NULL)
		return span_of("", 0);
	return span_of(room, value_python_int(room, cell));
}

/* Where the bytes of a cell's text stand: in the source as they are, or to be worked on in round 2. */
static void put_slot(struct part *p, size_t column, const struct tile *t, uint64_t row,
                     struct span raw, struct span text, unsigned flags)
{
	struct column_state *s = &p->states[column];

	if (s->is_direct) {
		direct_put(p, column, row, text);
		return;
	}
	s->text_size += text.size;
	p->sink->columns[column].offsets[row] = (int64_t)slot_of(t, raw, flags);
}

/* False: the column is broken or the part has failed. */
static bool put_cell(struct part *p, size_t column, const struct tile *t, size_t i)
{
	const struct column *c = &p->in->columns.columns[column];
	enum reading reading = c->verdict.reading;
	struct column_sink *sink = &p->sink->columns[column];
	struct column_state *s = &p->states[column];
	uint64_t row = t->first_row + i;
	struct csv_cell raw = csv_cell(tile_raw(t, i, c->source), &p->in->dialect);
	struct span cell = raw.needs_unescape ? part_unescape(p, raw.text) : raw.text;
	unsigned flags = raw.needs_unescape ? SLOT_WORK : 0;

	if (!part_is_bearable(p, raw.text))
		return false;
	if (!s->seen.is_text && !column_is_told(c) && !note_text(p, column, cell, row))
		return false;
	if (reading != READ_LITERAL && column_is_na(c, cell)) {
		s->n_nulls++;
		bit_put(sink->validity, row, false);
		flags = SLOT_NA;
		cell.size = 0;
	} else if (reading == READ_LONG || reading == READ_ANEW) {
		flags |= SLOT_WORK;
		again_note_large(p, column, cell, tile_raw(t, i, c->source).data);
		cell = spell_anew(p, c, cell);
		if (cell.size == 0) {
			part_refuse(p, column, t, i);
			return false;
		}
	}
	put_slot(p, column, t, row, raw.text, cell, flags);
	return p->result == SHMPUB_OK && !s->is_broken;
}

/*
 * The cells from row i on that are certainly text and nothing else; returns how many. What
 * begins like a word for NA, or is empty, is for put_cell.
 */
static size_t take_plain(struct part *p, const struct column *c, struct column_state *s,
                         struct column_sink *sink, const struct tile *t, size_t i)
{
	const char *source_end = p->in->text.data + p->in->text.size;
	const struct csv_unquote_kind *unquote = csv_unquote_best();
	const struct csv_dialect *d = &p->in->dialect;
	int64_t *slots = sink->offsets + t->first_row;
	uint64_t total = 0;
	size_t row;

	for (row = i; row < t->n_rows; row++) {
		bool is_quoted;
		struct span cell = part_bare(d, tile_raw(t, row, c->source), &is_quoted);

		if ((is_quoted && !t->is_regular) || !part_is_text(c, d, cell, is_quoted) ||
		    (size_t)(source_end - cell.data) < cell.size + CSV_UNQUOTE_BEYOND)
			break;
		slots[row] = (int64_t)slot_of(t, cell, is_quoted ? SLOT_QUOTED : 0);
		total += is_quoted ? unquote->size(cell, d->quote) : cell.size;
	}
	s->text_size += total;
	return row - i;
}

void fill_text(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_state *s = &p->states[column];
	bool is_told = column_is_told(c);

	for (size_t i = 0; i < t->n_rows; i++) {
		if (c->verdict.reading == READ_TEXT && (is_told || s->seen.is_text))
			i += s->is_direct ? direct_take(p, column, t, i)
			                  : take_plain(p, c, s, &p->sink->columns[column], t, i);
		if (s->is_broken || (i < t->n_rows && !put_cell(p, column, t, i)))
			return;
	}
}

/* The bytes of a cell that must be worked on; round 1 has made the room for it. */
static size_t work_text(char *out, struct part *p, const struct column *c, struct span raw)
{
	struct span cell = raw;

	if (p->in->dialect.has_quote && raw.size && raw.data[0] == p->in->dialect.quote)
		cell = part_unescape(p, raw);
	if (c->verdict.reading == READ_ANEW || c->verdict.reading == READ_LONG)
		cell = spell_anew(p, c, cell);
	memcpy(out, cell.data ? cell.data : "", cell.size);
	return cell.size;
}

/* Where the text of a part ends, in its source and in its sink: nothing behind is touched. */
struct limits {
	const char *source, *sink;
	const struct csv_unquote_kind *unquote;
};

/* Short texts by one fixed copy, whose excess the next one overwrites. */
static inline void copy_text(char *to, const char *from, size_t size, const struct limits *end)
{
	if (size <= 32 && end->sink - to >= 32 && end->source - from >= 32)
		memcpy(to, from, 32);
	else
		memcpy(to, from, size);
}

static inline size_t copy_quoted(char *to, struct span inner, char quote, const struct limits *end)
{
	const struct csv_unquote_kind *unquote = end->unquote;

	if ((size_t)(end->sink - to) < inner.size + CSV_UNQUOTE_BEYOND)
		unquote = &csv_unquote_plain;
	return unquote->copy(to, inner, quote);
}

static uint64_t copy_stretch(struct part *p, size_t column, size_t mark, uint64_t at,
                             const struct limits *limits)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_sink *sink = &p->sink->columns[column];
	const struct mark *m = &p->in->marks.marks[mark];
	const char *base = p->in->text.data + m->at;
	uint64_t end = m[1].row < p->sink->n_rows ? m[1].row : p->sink->n_rows;

	for (uint64_t row = m->row; row < end; row++) {
		uint64_t slot = (uint64_t)sink->offsets[row];
		struct span cell = { base + (slot >> 32), slot >> 2 & CELL_SIZE_MAX };
		unsigned flags = slot & SLOT_FLAGS;

		sink->offsets[row] = (int64_t)at;
		if (flags == SLOT_QUOTED) {
			at += copy_quoted(sink->text + at, cell, p->in->dialect.quote, limits);
		} else if (flags == SLOT_WORK) {
			at += work_text(sink->text + at, p, c, cell);
		} else if (flags == 0) {
			copy_text(sink->text + at, cell.data, cell.size, limits);
			at += cell.size;
		}
	}
	return at;
}

static bool is_to_copy(const struct part *p, size_t k)
{
	const struct verdict *v = &p->in->columns.columns[k].verdict;

	return v->type == SHMPUB_TEXT && v->reading != READ_CATEGORY && !p->states[k].is_direct;
}

/* Stretch by stretch, so that a source that lies in the caches serves all columns. */
void part_copy_text(struct part *p, uint64_t *begins)
{
	struct limits limits = { .source = p->in->text.data + p->in->text.size,
		                 .unquote = csv_unquote_best() };

	assert(p->in->text.data != NULL);
	for (size_t k = 0; k < p->in->columns.n; k++)
		p->states[k].text_end = begins[k] + p->states[k].text_size;
	for (size_t i = p->first_mark; i < p->end_mark; i++) {
		for (size_t k = 0; k < p->in->columns.n; k++) {
			if (!is_to_copy(p, k))
				continue;
			limits.sink = p->sink->columns[k].text + p->states[k].text_end;
			begins[k] = copy_stretch(p, k, i, begins[k], &limits);
		}
	}
}
