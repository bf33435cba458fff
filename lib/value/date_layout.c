#include "value/date_layout.h"

/*
 * Finds out whether the layout of a column's dates has fixed offsets.
 *
 * It has if month, day, hour, minute and second have two digits: a date, or a date with a time to
 * the second, up to nine decimals and perhaps a zone. The zone is compared as text; a cell
 * with another zone is parsed by date_parse() in the general way.
 */

static bool is_layout(const struct date_format *f, size_t at, const char *wanted)
{
	size_t n = strlen(wanted);

	return at + n <= f->layout_size && memcmp(f->layout + at, wanted, n) == 0;
}

/* Returns how many decimals the seconds have. */
static uint8_t count_decimals(const struct date_format *f)
{
	uint8_t n = 0;

	if (!is_layout(f, LAYOUT_TIME, "."))
		return 0;
	while (is_layout(f, (size_t)LAYOUT_TIME + 1 + n, "0"))
		n++;
	return n;
}

void date_layout_compile(struct date_format *f, struct span first, const struct timestamp *t)
{
	size_t at = LAYOUT_TIME;

	if (!is_layout(f, 0, "0000") || !is_layout(f, 5, "00") || !is_layout(f, 8, "00"))
		return;
	if (first.size == LAYOUT_DATE) {
		f->fixed = LAYOUT_DATE;
		return;
	}
	if (!is_layout(f, LAYOUT_DATE + 1, "00:00:00"))
		return;
	f->n_decimals = count_decimals(f);
	if (f->n_decimals > 9)
		return;
	if (f->n_decimals)
		at += 1u + f->n_decimals;
	/* After the time only a zone may follow. A point without decimals, and blanks, may not. */
	if (at < first.size && (!t->has_zone || first.size - at > sizeof(f->zone)))
		return;
	f->zone_size = (uint8_t)(first.size - at);
	memcpy(f->zone, first.data + at, f->zone_size);
	f->zone_offset_s = t->offset_s;
	f->zone_is_utc = t->is_utc;
	f->fixed = LAYOUT_TIME;
}
