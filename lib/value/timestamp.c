#include "value/timestamp.h"

#include "base/compiler.h"

/*
 * From a moment to a number.
 *
 * Years have four digits and a sign, so seconds are far from the bounds of int64; only
 * the product with the unit can leave them. The fraction of a second counts upwards also
 * before 1970, so a product just below INT64_MIN may come back into range with it:
 * negative seconds are taken one nearer to zero first.
 */

static const uint32_t per_second[] = {
	[SHMPUB_SECOND] = 1,
	[SHMPUB_MILLISECOND] = 1000,
	[SHMPUB_MICROSECOND] = 1000000,
	[SHMPUB_NANOSECOND] = 1000000000,
};

enum shmpub_unit timestamp_unit(const struct timestamp *t)
{
	return t->digits > 6 ? SHMPUB_NANOSECOND : SHMPUB_MICROSECOND;
}

bool timestamp_to_unit(int64_t *out, const struct timestamp *t, enum shmpub_unit unit)
{
	int64_t ticks = per_second[unit];
	int64_t each = 1000000000 / ticks; /* nanoseconds in one */
	int64_t seconds = t->seconds - t->offset_s;
	int64_t fraction = t->nanoseconds / each;

	if (t->nanoseconds % each != 0)
		return false;
	if (seconds < 0) {
		seconds++;
		fraction -= ticks;
	}
	if (!i64_mul(&seconds, seconds, ticks) || !i64_add(&seconds, seconds, fraction) ||
	    seconds == INT64_MIN)
		return false;
	*out = seconds;
	return true;
}

bool value_is_nat(struct span text)
{
	static const char words[][4] = { "NaT", "nat", "NAT", "nan", "NaN", "NAN" };

	if (text.size == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (span_is(text, words[i]))
			return true;
	}
	return false;
}
