#include "ingest/part.h"

#include "base/alloc.h"
#include "base/error.h"
#include "columns/table.h"
#include "value/scan.h"

/*
 * What all ways of filling a column share: the text of a cell, room for it, and what to
 * say when a cell does not fit.
 */

int part_init_states(struct part *p, struct shmpub_error *err)
{
	size_t n = p->in->columns.n;

	p->states = mem_zalloc(n, sizeof(*p->states));
	if (p->states == NULL)
		return error_nomem(err, n * sizeof(*p->states));
	for (size_t k = 0; k < n; k++) {
		p->states[k].seen = EVIDENCE_NONE;
		if (p->in->columns.columns[k].form == NULL)
			continue;
		p->states[k].dates = mem_zalloc(1, sizeof(*p->states[k].dates));
		if (p->states[k].dates == NULL)
			return error_nomem(err, sizeof(*p->states[k].dates));
		*p->states[k].dates = DATE_STATE_NONE;
	}
	return SHMPUB_OK;
}

void part_free_states(struct part *p)
{
	for (size_t k = 0; p->states && k < p->in->columns.n; k++) {
		dictionary_free(&p->states[k].dictionary);
		mem_free(p->states[k].dates);
	}
	mem_free(p->states);
	p->states = NULL;
}

static char *room_in(struct part *p, struct buffer *b, size_t size)
{
	int r;

	b->size = 0;
	r = buffer_reserve(b, size, &p->error);
	if (r && p->result == SHMPUB_OK)
		p->result = r;
	return r ? NULL : b->data;
}

char *part_room(struct part *p, size_t size)
{
	return room_in(p, &p->work, size);
}

bool part_is_bearable(struct part *p, struct span raw)
{
	size_t at = (size_t)(raw.data - p->in->text.data);

	if (raw.size <= CELL_SIZE_MAX)
		return true;
	if (p->result == SHMPUB_OK)
		p->result = error_set_line(&p->error, SHMPUB_ERR_LIMIT,
		                           csv_line_at(p->in->text, at),
		                           "a cell of more than 1 GiB");
	return false;
}

struct span part_unescape(struct part *p, struct span raw)
{
	char *room = part_is_bearable(p, raw) ? room_in(p, &p->unescaped, raw.size) : NULL;

	return room ? span_of(room, csv_unescape(room, raw, p->in->dialect.quote)) : span_of("", 0);
}

static bool begins_number(char c)
{
	return scan_is_digit(c) || c == '-' || c == '.';
}

static bool ends_number(char c)
{
	return scan_is_digit(c) || c == '.';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A number without the blanks around it; a word, or one with a plus sign, is not the same then. */
static struct span trim_blanks(struct span cell)
{
	struct span inner = cell;

	while (inner.size && is_blank(inner.data[0])) {
		inner.data++;
		inner.size--;
	}
	while (inner.size && is_blank(inner.data[inner.size - 1]))
		inner.size--;
	return inner.size && begins_number(inner.data[0]) && ends_number(inner.data[inner.size - 1])
	               ? inner
	               : cell;
}

bool part_has_plain_quotes(const struct part *p)
{
	char quote = p->in->dialect.quote;

	return !p->in->dialect.has_quote ||
	       !(scan_is_digit(quote) || scan_is_letter(quote) || memchr("+-.", quote, 3));
}

static bool is_to_trim(const struct trimmed *trimmed, struct span cell, const struct csv_dialect *d)
{
	return part_is_quoted(d, cell) ||
	       (trimmed->has_numbers && cell.size &&
	        (is_blank(cell.data[0]) || is_blank(cell.data[cell.size - 1])));
}

/* Whether what is between the quotes is what they mean, or no number in any case. */
static bool is_as_it_stands(const struct trimmed *trimmed, struct span inner, char quote)
{
	return trimmed->has_numbers || memchr(inner.data, quote, inner.size) == NULL;
}

/* The cuts around what counts; those of an empty cell, or of one that is not there, as they are. */
static void trim_cuts(uint32_t *out, const struct trimmed *trimmed, const struct csv_dialect *d,
                      const struct tile *t, const uint32_t *cut)
{
	struct span cell = cell_run_at(&(struct cell_run){ t->base, cut, 0 }, 0), inner;

	out[0] = cut[0];
	out[1] = cut[1];
	if (cell.size == 0)
		return;
	if (part_is_quoted(d, cell)) {
		inner = span_of(cell.data + 1, cell.size - 2);
		if (!is_as_it_stands(trimmed, inner, d->quote))
			return;
		cell = inner;
	}
	if (trimmed->has_numbers)
		cell = trim_blanks(cell);
	out[0] = (uint32_t)(cell.data - t->base) - 1;
	out[1] = out[0] + 1 + (uint32_t)cell.size;
}

struct cell_run part_run(struct trimmed *trimmed, size_t *n, const struct part *p,
                         const struct tile *t, size_t row, size_t source)
{
	const struct csv_dialect *d = &p->in->dialect;

	*n = t->n_rows - row;
	if (row < trimmed->first || row >= trimmed->end) {
		if (!is_to_trim(trimmed, tile_raw(t, row, source), d))
			return tile_run(t, row, source);
		trimmed->first = row;
		trimmed->end = row + (*n < TRIMMED_MAX ? *n : TRIMMED_MAX);
		for (size_t i = row; i < trimmed->end; i++)
			trim_cuts(trimmed->cuts + 2 * (i - row), trimmed, d, t,
			          tile_run(t, i, source).cuts);
	}
	*n = trimmed->end - row;
	return (struct cell_run){ t->base, trimmed->cuts + 2 * (row - trimmed->first), 2 };
}

static const char *asked_for(enum csv_dtype dtype)
{
	static const char *const names[] = {
		[CSV_DTYPE_AUTO] = "any type",
		[CSV_DTYPE_INT64] = "int64",
		[CSV_DTYPE_FLOAT64] = "float64",
		[CSV_DTYPE_BOOL] = "bool",
		[CSV_DTYPE_STR] = "str",
		[CSV_DTYPE_CATEGORY] = "category",
		[CSV_DTYPE_TIMESTAMP] = "timestamp",
	};

	return names[dtype];
}

void part_refuse(struct part *p, size_t column, const struct tile *t, size_t row)
{
	const struct column *c = &p->in->columns.columns[column];
	struct span raw = tile_raw(t, row, c->source);

	p->states[column].is_broken = true;
	if (!p->in->is_strict[column] || (p->result && t->first_row + row >= p->refused_row))
		return;
	p->refused_row = t->first_row + row;
	p->result = error_set_line(&p->error, SHMPUB_ERR_CSV,
	                           csv_line_at(p->in->text, (size_t)(raw.data - p->in->text.data)),
	                           "column \"%.*s\" is to be %s, \"", span_shown(c->name, 100),
	                           c->name.data, asked_for(c->dtype));
	error_quote(&p->error, "%.*s", span_shown(raw, 60), raw.data);
	error_add(&p->error, "\" is not");
}
