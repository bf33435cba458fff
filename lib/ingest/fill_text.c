#include "ingest/part.h"

#include "base/error.h"
#include "columns/table.h"
#include "ingest/again.h"

/*
 * Text in two rounds. The first leaves in a cell's slot of `offsets` where its bytes
 * stand, counted from the mark before it, and adds up how many bytes there will be. The
 * second goes over the slots in order, copies, and puts the final offset in the slot's
 * place.
 */

#define SLOT_NA 1u
#define SLOT_WORK 2u /* to be unescaped, or spelled anew */

static uint64_t slot_of(const struct tile *t, struct span text, unsigned flags)
{
	return (uint64_t)(uint32_t)(text.data - t->base) << 32 | (uint64_t)text.size << 2 | flags;
}

/* Evidence that it is not text after all, until there is enough that it is. */
static bool note_text(struct part *p, size_t column, struct span cell, uint64_t row)
{
	const struct column *c = &p->in->columns.columns[column];
	char *room = part_room(p, cell.size + 1);

	if (room == NULL)
		return false;
	evidence_add(&p->states[column].seen, c, &p->in->columns, cell, row, room);
	return true;
}

static bool put_long(uint64_t *size, struct part *p, const struct column *c, struct span cell)
{
	char *room = part_room(p, cell.size + 1);

	if (c->verdict.reading == READ_ANEW)
		*size = again_cell(p, c, cell).size;
	else
		*size = room ? value_python_int(room, cell) : 0;
	return *size > 0 && !again_is_refused(p, c, cell);
}

/* False: the column is broken or the part has failed. */
static bool put_cell(struct part *p, size_t column, const struct tile *t, size_t i)
{
	const struct column *c = &p->in->columns.columns[column];
	enum reading reading = c->verdict.reading;
	struct column_sink *sink = &p->sink->columns[column];
	struct column_state *s = &p->states[column];
	uint64_t row = t->first_row + i, size;
	struct csv_cell raw = csv_cell(tile_raw(t, i, c->source), &p->in->dialect);
	struct span cell = raw.needs_unescape ? part_unescape(p, raw.text) : raw.text;
	bool is_noted = c->dtype == CSV_DTYPE_AUTO && !c->is_date && !c->infers_again;
	unsigned flags = raw.needs_unescape ? SLOT_WORK : 0;

	if (!part_is_bearable(p, raw.text))
		return false;
	if (is_noted && !s->seen.is_text && !note_text(p, column, cell, row))
		return false;
	size = cell.size;
	if (reading != READ_LITERAL && column_is_na(c, cell)) {
		s->n_nulls++;
		bit_put(sink->validity, row, false);
		flags = SLOT_NA;
		size = 0;
	} else if (reading == READ_LONG || reading == READ_ANEW) {
		flags |= SLOT_WORK;
		if (!put_long(&size, p, c, cell)) {
			part_refuse(p, column, t, i);
			return false;
		}
	}
	s->text_size += size;
	sink->offsets[row] = (int64_t)slot_of(t, raw.text, flags);
	return p->result == SHMPUB_OK;
}

/* The bytes between a cell's only two quotes; data NULL: it is not so simple. */
static struct span between_quotes(struct span raw, char quote)
{
	const char *close = memchr(raw.data + 1, quote, raw.size - 1);

	return close && close + 1 == raw.data + raw.size ? span_of(raw.data + 1, raw.size - 2)
	                                                 : SPAN_NONE;
}

/*
 * The cells from row i on that are certainly text and nothing else; returns how many. What
 * begins with a blank or like a word for NA, is empty or has quotes inside is for put_cell.
 */
static size_t take_plain(struct part *p, const struct column *c, struct column_state *s,
                         struct column_sink *sink, const struct tile *t, size_t i)
{
	const struct csv_dialect *d = &p->in->dialect;
	int64_t *slots = sink->offsets + t->first_row;
	uint64_t total = 0;
	size_t row;

	for (row = i; row < t->n_rows; row++) {
		struct span cell = tile_raw(t, row, c->source);

		if (cell.size && d->has_quote && cell.data[0] == d->quote)
			cell = between_quotes(cell, d->quote);
		else if (cell.size && (cell.data[0] == ' ' || cell.data[0] == '\t'))
			break;
		if (column_may_be_na(c, cell) || cell.size > CELL_SIZE_MAX)
			break;
		slots[row] = (int64_t)slot_of(t, cell, 0);
		total += cell.size;
	}
	s->text_size += total;
	return row - i;
}

void fill_text(struct part *p, size_t column, const struct tile *t)
{
	const struct column *c = &p->in->columns.columns[column];
	struct column_state *s = &p->states[column];
	bool is_told = c->dtype != CSV_DTYPE_AUTO || c->is_date || c->infers_again;

	for (size_t i = 0; i < t->n_rows; i++) {
		if (c->verdict.reading == READ_TEXT && (is_told || s->seen.is_text))
			i += take_plain(p, c, s, &p->sink->columns[column], t, i);
		if (i < t->n_rows && !put_cell(p, column, t, i))
			return;
	}
}

/* The bytes of a cell that must be worked on; round 1 has made the room for it. */
static size_t work_text(char *out, struct part *p, const struct column *c, struct span raw)
{
	struct span cell = raw;
	char *room;

	if (p->in->dialect.has_quote && raw.size && raw.data[0] == p->in->dialect.quote)
		cell = part_unescape(p, raw);
	if (c->verdict.reading == READ_ANEW)
		cell = again_cell(p, c, cell);
	if (c->verdict.reading != READ_LONG) {
		memcpy(out, cell.data, cell.size);
		return cell.size;
	}
	room = part_room(p, cell.size + 1);
	if (room == NULL)
		return 0;
	size_t size = value_python_int(room, cell);

	memcpy(out, room, size);
	return size;
}

/* Where the text of a part ends, in its source and in its sink: nothing behind is touched. */
struct limits {
	const char *source, *sink;
};

/* Short texts by one fixed copy, whose excess the next one overwrites. */
static inline void copy_text(char *to, const char *from, size_t size, const struct limits *end)
{
	if (size <= 32 && end->sink - to >= 32 && end->source - from >= 32)
		memcpy(to, from, 32);
	else
		memcpy(to, from, size);
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
		size_t size = slot >> 2 & CELL_SIZE_MAX;
		const char *from = base + (slot >> 32);

		sink->offsets[row] = (int64_t)at;
		if (slot & SLOT_NA)
			continue;
		if (slot & SLOT_WORK) {
			at += work_text(sink->text + at, p, c, span_of(from, size));
			continue;
		}
		copy_text(sink->text + at, from, size, limits);
		at += size;
	}
	return at;
}

void part_copy_text(struct part *p, const uint64_t *begins)
{
	const struct columns *s = &p->in->columns;
	struct limits limits = { .source = p->in->text.data + p->in->text.size };

	for (size_t k = 0; k < s->n; k++) {
		uint64_t at = begins[k];

		if (s->columns[k].verdict.type != SHMPUB_TEXT ||
		    s->columns[k].verdict.reading == READ_CATEGORY)
			continue;
		limits.sink = p->sink->columns[k].text + at + p->states[k].text_size;
		for (size_t i = p->first_mark; i < p->end_mark; i++)
			at = copy_stretch(p, k, i, at, &limits);
	}
}
