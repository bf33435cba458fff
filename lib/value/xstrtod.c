#include "value/xstrtod.h"
#include "value/decimal.h"
#include "value/scan.h"
#include <math.h>

/*
 * What pandas computes where it does not use its exact parser.
 *
 * pandas 3.1 rounds correctly by default, but not with a thousands separator, and not
 * behind a plus sign that stands between blanks. There it takes 17 digits behind leading
 * zeros, and multiplies by or divides through a rounded power of ten. Values then
 * differ from the exact ones in the last bit now and then; since our frame is to be
 * pandas' frame, these do too. The exponent is read as strtol does: blanks may precede
 * it.
 */

#define DIGITS_MAX 17
#define EXPONENT_MAX 308

struct parts {
	uint64_t mantissa;
	int64_t exponent;
	int n_digits; /* in the mantissa */
	bool has_digits;
	bool negative;
};

/* False: the mantissa is full. */
static bool take_digit(struct parts *out, char c)
{
	out->has_digits = true;
	if (out->n_digits == DIGITS_MAX)
		return false;
	out->mantissa = out->mantissa * 10 + (uint64_t)(c - '0');
	out->n_digits += out->mantissa > 0;
	return true;
}

static const char *whole_part(struct parts *out, const char *p, const char *end, char thousands)
{
	while (p < end && scan_is_digit(*p)) {
		if (!take_digit(out, *p))
			out->exponent++;
		p++;
		if (thousands && p < end && *p == thousands)
			p++;
	}
	return p;
}

static const char *decimals(struct parts *out, const char *p, const char *end)
{
	for (; p < end && scan_is_digit(*p); p++)
		out->exponent -= take_digit(out, *p);
	return p;
}

/* A power of ten as a double, correctly rounded: n from 0 to EXPONENT_MAX. */
static double power(int64_t n)
{
	return decimal_nearest(1, n);
}

static double scale(double number, int64_t exponent)
{
	if (exponent > EXPONENT_MAX)
		return number == 0 ? 0.0 : number < 0 ? -HUGE_VAL : HUGE_VAL;
	if (exponent > 0)
		return number * power(exponent);
	if (exponent < -2 * EXPONENT_MAX)
		return 0.0;
	if (exponent < -EXPONENT_MAX)
		return number / power(-EXPONENT_MAX - exponent) / power(EXPONENT_MAX);
	return number / power(-exponent);
}

bool xstrtod(double *out, struct span text, char decimal, char thousands)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);
	struct parts parts = { .negative = p < end && *p == '-' };
	double number;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	p = whole_part(&parts, p, end, thousands);
	if (p < end && *p == decimal)
		p = decimals(&parts, p + 1, end);
	if (!parts.has_digits)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = scan_exponent(&parts.exponent, scan_blanks(p + 1, end), end);
		if (!p)
			return false;
	}
	if (scan_blanks(p, end) != end)
		return false;
	number = (double)parts.mantissa;
	*out = scale(parts.negative ? -number : number, parts.exponent);
	return true;
}
