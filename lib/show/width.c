#include "show/width.h"

#include <stdbool.h>
#include "base/utf8.h"
#include "show/width_table.h"

/*
 * The C library's wcwidth() knows only the characters of the locale's character set. Services
 * and containers run with LANG=C, where that set is ASCII. So the widths come from a table of
 * our own.
 */

static bool is_in(uint32_t c, const struct width_range *ranges, size_t n)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c > ranges[middle].last)
			low = middle + 1;
		else if (c < ranges[middle].first)
			high = middle;
		else
			return true;
	}
	return false;
}

unsigned width_of(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (is_in(c, width_zero, width_zero_n))
		return 0;
	return is_in(c, width_wide, width_wide_n) ? 2 : 1;
}

size_t width_text(struct span text)
{
	const char *p = text.data, *end = text.data + text.size;
	size_t width = 0;

	while (p < end)
		width += width_of(utf8_next(&p, end));
	return width;
}

/* C0 and C1 controls, separators of lines and paragraphs, and marks of writing direction. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0x200E ||
	       c == 0x200F || c == 0x061C || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

int width_printable(struct buffer *out, struct span text, struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;
	int r = SHMPUB_OK;

	while (p < end && r == SHMPUB_OK) {
		size_t good = utf8_valid_prefix(span_of(p, (size_t)(end - p)));
		const char *stop = p + good;

		while (p < stop && r == SHMPUB_OK) {
			const char *from = p;
			uint32_t c = utf8_next(&p, stop);

			r = buffer_append(out,
			                  is_control(c) ? span_str("?")
			                                : span_of(from, (size_t)(p - from)),
			                  err);
		}
		if (r == SHMPUB_OK && stop < end) {
			r = buffer_append(out, span_str("?"), err);
			p = stop + 1;
		}
	}
	return r;
}
