#include "csv/cell.h"

#include <string.h>
#include "csv/find_quote.h"

/*
 * A quoted field is a run of quoted and bare parts: `"a""b"c` says a"bc. Only its first
 * quote opens; inside, two quotes are one and a single one closes for good, so what is
 * left goes on as it stands. Most quoted fields hold no further quote and are just the
 * bytes between the two.
 */

struct csv_cell csv_cell_quoted(struct span raw, const struct csv_dialect *d)
{
	const char *close;

	if (d->is_whitespace || d->skips_spaces) {
		while (raw.size &&
		       (raw.data[0] == ' ' || (d->is_whitespace && raw.data[0] == '\t'))) {
			raw.data++;
			raw.size--;
		}
	}
	if (!d->has_quote || raw.size == 0 || raw.data[0] != d->quote)
		return (struct csv_cell){ raw, false };
	close = memchr(raw.data + 1, d->quote, raw.size - 1);
	if (close && close == raw.data + raw.size - 1)
		return (struct csv_cell){ span_of(raw.data + 1, raw.size - 2), false };
	return (struct csv_cell){ raw, true };
}

/* Copies `n` bytes. A call of memcpy() takes longer than a few bytes do. */
static void copy_part(char *out, const char *from, size_t n)
{
	size_t i;

	if (n > FIND_QUOTE_NEAR) {
		memcpy(out, from, n);
		return;
	}
	for (i = 0; i + 1 < n; i += 2) {
		out[i] = from[i];
		out[i + 1] = from[i + 1];
	}
	if (i < n)
		out[i] = from[i];
}

size_t csv_unescape(char *out, struct span raw, const struct csv_dialect *d)
{
	const char *p = raw.data + 1, *end = raw.data + raw.size, *q;
	size_t n = 0, part;
	bool is_closed = false;
	char quote = d->quote; /* `out` might overlap the dialect, as far as C knows */

	while (p < end) {
		q = is_closed ? NULL : find_quote(p, end, quote);
		part = (size_t)((q ? q : end) - p);
		if (q && q + 1 < end && q[1] == quote)
			part++;
		else
			is_closed = true;
		copy_part(out + n, p, part);
		n += part;
		if (q == NULL)
			break;
		p = q + (is_closed ? 1 : 2);
	}
	return n;
}
