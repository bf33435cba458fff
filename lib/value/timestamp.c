#include "value/timestamp.h"

#include "base/compiler.h"

/*
 * Converts timestamps to integers.
 *
 * Years have four digits and a sign, so the seconds are far from the bounds of int64, and only
 * their product with the unit can overflow. The fraction of a second is positive before 1970
 * too: seconds * unit may lie just below INT64_MIN although the sum with the fraction does not.
 * So negative seconds are increased by one first, and the fraction is reduced by one second.
 */

enum shmpub_unit timestamp_unit(const struct timestamp *t)
{
	return t->digits > 6 ? SHMPUB_NANOSECOND : SHMPUB_MICROSECOND;
}

bool timestamp_to_unit(int64_t *out, const struct timestamp *t, enum shmpub_unit unit)
{
	int64_t rate = timestamp_unit_rate(unit);
	int64_t unit_ns = 1000000000 / rate; /* how many nanoseconds the unit has */
	int64_t seconds = t->seconds - t->offset_s;
	int64_t fraction = t->nanoseconds / unit_ns;
	int64_t count;

	if (t->nanoseconds % unit_ns != 0)
		return false;
	if (seconds < 0) {
		seconds++;
		fraction -= rate;
	}
	if (!i64_mul(&count, seconds, rate) || !i64_add(&count, count, fraction) ||
	    count == INT64_MIN)
		return false;
	*out = count;
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
