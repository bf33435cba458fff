#include "rows/trim.h"

#include "rows/cells.h"
#include "value/scan.h"

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

/*
 * Returns a number without the blanks around it. Words, and numbers with a plus sign, keep their
 * blanks, because pandas reads them differently without.
 */
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

bool trim_has_plain_quotes(const struct csv_dialect *d)
{
	char quote = d->quote;

	return !d->has_quote ||
	       !(scan_is_digit(quote) || scan_is_letter(quote) || memchr("+-.", quote, 3));
}

/* A word for NA, as it stands; with a quote in it, what it says is not certain. */
static bool is_na(const struct trimmed *trimmed, struct span cell, char quote)
{
	return trimmed->na && cell.size > 0 && word_set_has(trimmed->na, cell) &&
	       memchr(cell.data, quote, cell.size) == NULL;
}

static bool is_to_trim(const struct trimmed *trimmed, struct span cell, const struct csv_dialect *d)
{
	return cell_is_quoted(d, cell) || is_na(trimmed, cell, d->quote) ||
	       (trimmed->has_numbers && cell.size &&
	        (is_blank(cell.data[0]) || is_blank(cell.data[cell.size - 1])));
}

/*
 * Returns true if the bytes between the quotes may be parsed as they are. Doubled quotes are no
 * obstacle for numbers, since a parser of numbers refuses any quote.
 */
static bool needs_no_unescape(const struct trimmed *trimmed, struct span inner, char quote)
{
	return trimmed->has_numbers || memchr(inner.data, quote, inner.size) == NULL;
}

/*
 * Sets out[0] and out[1] to the cuts of the trimmed cell. An empty or missing cell keeps its
 * cuts.
 */
static void trim_cuts(uint32_t *out, const struct trimmed *trimmed, const struct csv_dialect *d,
                      const struct tile *t, const uint32_t *cut)
{
	struct span cell = cell_run_at(&(struct cell_run){ t->base, cut, 0 }, 0), inner;

	out[0] = cut[0];
	out[1] = cut[1];
	if (cell.size == 0)
		return;
	if (cell_is_quoted(d, cell)) {
		inner = span_of(cell.data + 1, cell.size - 2);
		if (!needs_no_unescape(trimmed, inner, d->quote))
			return;
		cell = inner;
	}
	if (is_na(trimmed, cell, d->quote))
		cell.size = 0;
	else if (trimmed->has_numbers)
		cell = trim_blanks(cell);
	out[0] = (uint32_t)(cell.data - t->base) - 1;
	out[1] = out[0] + 1 + (uint32_t)cell.size;
}

struct cell_run trim_run(struct trimmed *trimmed, size_t *n, const struct csv_dialect *d,
                         const struct tile *t, size_t row, size_t source)
{
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
