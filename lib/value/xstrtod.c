#include "value/xstrtod.h"
#include "value/decimal.h"
#include "value/scan.h"
#include <math.h>

/*
 * The same computation as pandas' xstrtod(), which pandas uses where it does not use its exact
 * parser.
 *
 * pandas 3.1 rounds correctly, except for numbers with a separator of thousands and numbers with
 * a plus sign between blanks. For those it takes the first 17 digits after leading zeros, and
 * multiplies them with, or divides them by, a rounded power of ten. The result sometimes differs
 * from the nearest double in the last bit. Our frames are to equal pandas' frames, so ours does
 * too. The exponent is parsed as by strtol(): blanks may stand before it.
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

/* Appends a digit to the mantissa. False: the mantissa has all the digits that it can have. */
static bool take_digit(struct parts *out, char c)
{
	out->has_digits = true;
	if (out->n_digits == DIGITS_MAX)
		return false;
	out->mantissa = out->mantissa * 10 + (uint64_t)(c - '0');
	out->n_digits += out->mantissa > 0;
	return true;
}

static const char *take_whole_part(struct parts *out, const char *p, const char *end,
                                   char thousands)
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

static const char *take_decimals(struct parts *out, const char *p, const char *end)
{
	for (; p < end && scan_is_digit(*p); p++)
		out->exponent -= take_digit(out, *p);
	return p;
}

/* Returns 10^n, correctly rounded; n is from 0 to EXPONENT_MAX. */
static double power(int64_t n)
{
	return decimal_nearest(1, n);
}

/* Returns number * 10^exponent, by the divisions and multiplications of pandas. */
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
	struct parts parts = { .negative = false };
	const char *p = scan_sign(&parts.negative, scan_blanks(text.data, end), end);
	double number;

	p = take_whole_part(&parts, p, end, thousands);
	if (p < end && *p == decimal)
		p = take_decimals(&parts, p + 1, end);
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
