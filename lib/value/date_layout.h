/*
 * Parses dates whose parts stand at fixed offsets: "2024-03-01", perhaps with a time, decimals
 * and a zone after it. Internal to this room; inline, because it runs for every cell.
 *
 * The offsets come from the layout of the column's first cell (see date_format.h).
 *
 * Threads: a cache belongs to one thread.
 */
#ifndef SHMPUB_VALUE_DATE_LAYOUT_H
#define SHMPUB_VALUE_DATE_LAYOUT_H

#include "value/calendar.h"
#include "value/date_format.h"
#include "value/scan.h"

#define LAYOUT_DATE 10 /* the size of YYYY-MM-DD */
#define LAYOUT_TIME 19 /* the size of YYYY-MM-DD HH:MM:SS */

/*
 * Sets f->fixed and what belongs to it, if the layout f->layout has fixed offsets. `first` is the
 * cell with that layout, and *t its value.
 */
void date_layout_compile(struct date_format *f, struct span first, const struct timestamp *t);

struct layout_moment {
	int64_t seconds;   /* as in struct timestamp */
	uint32_t fraction; /* of the second, in units of 10^-f->n_decimals */
};

/*
 * Fills the cache's slot for the month in `head`, the first eight bytes of a cell. False: they are
 * no month, or not in the layout.
 */
static inline bool layout_month(struct date_cache *cache, size_t slot, const struct date_format *f,
                                uint64_t head)
{
	const uint64_t separators = (uint64_t)(unsigned char)f->layout[4] << 32 |
	                            (uint64_t)(unsigned char)f->layout[7] << 56;
	uint64_t digits = (head ^ UINT64_C(0x0030300030303030)) ^ separators;
	int32_t year, month;

	if (((digits + UINT64_C(0x7f76767f76767676)) | digits) & UINT64_C(0x8080808080808080))
		return false;
	digits = digits * 10 + (digits >> 8);
	year = (int32_t)(digits & 0xff) * 100 + (int32_t)(digits >> 16 & 0xff);
	month = (int32_t)(digits >> 40 & 0xff);
	if (month < 1 || month > 12)
		return false;
	cache->months[slot].head = head;
	cache->months[slot].days = (int32_t)calendar_days(year, month, 1);
	cache->months[slot].n_days = calendar_month_days(year, month);
	return true;
}

/* The slot of the cache for a month, by the first eight bytes of its dates. */
static inline size_t layout_slot(uint64_t head)
{
	_Static_assert(DATE_CACHE_MONTHS == 1u << (64 - 57), "one slot for each hash");
	return (head * UINT64_C(0x9E3779B97F4A7C15)) >> 57;
}

/*
 * Parses the date. What the cache holds needs no check against the layout, except for the value
 * that a cache starts with, because the cache is used with this format only.
 */
static inline bool layout_date(int64_t *seconds, struct date_cache *cache,
                               const struct date_format *f, const char *p)
{
	const uint64_t head = load_le64(p);
	const size_t slot = layout_slot(head);
	int32_t day;

	if (memcmp(p, cache->text, LAYOUT_DATE) == 0) {
		*seconds = cache->seconds;
		return f->layout[4] == p[4] && f->layout[7] == p[7];
	}
	if (cache->months[slot].head != head && !layout_month(cache, slot, f, head))
		return false;
	if (!scan_is_digit(p[8]) || !scan_is_digit(p[9]))
		return false;
	day = (p[8] - '0') * 10 + (p[9] - '0');
	if (day < 1 || day > cache->months[slot].n_days)
		return false;
	*seconds = (int64_t)(cache->months[slot].days + day - 1) * SECONDS_PER_DAY;
	memcpy(cache->text, p, LAYOUT_DATE);
	cache->seconds = *seconds;
	return true;
}

/* Parses HH:MM:SS and adds it to *seconds. */
static inline bool layout_time(int64_t *seconds, const char *p)
{
	uint64_t digits = load_le64(p) ^ UINT64_C(0x30303a30303a3030);
	uint32_t hour, minute, second;

	if (((digits + UINT64_C(0x76767f76767f7676)) | digits) & UINT64_C(0x8080808080808080))
		return false;
	digits = digits * 10 + (digits >> 8);
	hour = digits & 0xff;
	minute = digits >> 24 & 0xff;
	second = digits >> 48 & 0xff;
	*seconds += hour * 3600 + minute * 60 + second;
	return hour < 24 && minute < 60 && second < 60;
}

/* Parses `n` digits, from 1 to 9. The 8 bytes before p + n must be readable. */
static inline bool layout_fraction(uint32_t *out, const char *p, uint32_t n)
{
	const uint32_t tail = n < 8 ? n : 8;
	const uint64_t keep = ~UINT64_C(0) << (64 - 8 * tail);
	uint64_t v = load_le64(p + n - 8);

	v = (v & keep) | (UINT64_C(0x3030303030303030) & ~keep);
	if (scan_not_digits(v))
		return false;
	*out = scan_eight(v);
	if (n == 9) {
		if (!scan_is_digit(*p))
			return false;
		*out += (uint32_t)(*p - '0') * 100000000;
	}
	return true;
}

/* Whether the cell ends with the same zone as the first one. */
static inline bool layout_zone(const struct date_format *f, struct span text)
{
	return f->zone_size == 0 ||
	       memcmp(text.data + text.size - f->zone_size, f->zone, f->zone_size) == 0;
}

/*
 * Parses a cell; f->fixed must be set. False: the cell has another layout or is no date;
 * date_parse() then decides.
 */
static inline bool layout_parse(struct layout_moment *out, struct date_cache *cache,
                                const struct date_format *f, struct span text)
{
	const char *p = text.data;

	if (text.size != f->layout_size || !layout_date(&out->seconds, cache, f, p))
		return false;
	out->fraction = 0;
	if (f->fixed == LAYOUT_DATE)
		return true;
	if (p[LAYOUT_DATE] != f->layout[LAYOUT_DATE] ||
	    !layout_time(&out->seconds, p + LAYOUT_DATE + 1))
		return false;
	if (f->n_decimals && (p[LAYOUT_TIME] != '.' ||
	                      !layout_fraction(&out->fraction, p + LAYOUT_TIME + 1, f->n_decimals)))
		return false;
	return layout_zone(f, text);
}

/* The powers of ten from 10^0 to 10^9. */
static const uint32_t layout_powers[] = { 1,      10,      100,      1000,      10000,
	                                  100000, 1000000, 10000000, 100000000, 1000000000 };

#endif
