#include "value/value.h"
#include "value/real.h"
#include "value/scan.h"
#include "value/xstrtod.h"
#include <math.h>

/*
 * Numbers with a point or an exponent.
 *
 * A cell is taken apart into at most 19 digits (what 64 bits hold) and a power of ten.
 * Then, cheapest first:
 *  - up to 2^53 and a power of ten up to 10^22 are doubles exactly, so one multiplication
 *    or division rounds once, as it should (Clinger 1990);
 *  - up to 19 digits: decimal_nearest;
 *  - more digits: decimal_nearest on the first 19, taken as they are and plus one; what
 *    lies between rounds like both when they agree;
 *  - else decimal_exact.
 */

#define MANTISSA_DIGITS 19

#define PYTHON_FLOAT_MAX 512 /* longer words are just words */

struct decimal {
	uint64_t mantissa;
	int64_t exponent; /* of the last digit */
	int64_t n_digits; /* as written, leading zeros included */
	struct span text; /* from the first digit to the last, with the point */
	bool negative;
};

const double real_powers[REAL_POWER_MAX + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* "inf" and "infinity", any case, one sign, no blanks. */
static bool special(double *out, struct span text)
{
	bool negative = text.size > 0 && text.data[0] == '-';

	if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		text = span_of(text.data + 1, text.size - 1);
	if (!scan_is_word(text, "inf", 3) && !scan_is_word(text, "infinity", 8))
		return false;
	*out = negative ? -HUGE_VAL : HUGE_VAL;
	return true;
}

static inline bool split(struct decimal *out, struct span text, char point)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);
	const char *first;

	out->negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	first = p;
	out->mantissa = 0;
	out->exponent = 0;
	p = scan_digits(&out->mantissa, p, end);
	out->n_digits = p - first;
	if (p < end && *p == point) {
		const char *decimals = ++p;

		p = scan_digits(&out->mantissa, p, end);
		out->exponent = decimals - p;
		out->n_digits += p - decimals;
	}
	if (out->n_digits == 0)
		return false;
	out->text = span_of(first, (size_t)(p - first));
	if (p < end && (*p == 'e' || *p == 'E')) {
		p = scan_exponent(&out->exponent, p + 1, end);
		if (!p)
			return false;
	}
	return scan_blanks(p, end) == end;
}

/* More than 19 digits were written; the mantissa has wrapped. */
static double long_number(const struct decimal *d)
{
	uint64_t mantissa = 0;
	int64_t n_left = d->n_digits;
	int n_taken = 0;
	double low;

	for (size_t i = 0; i < d->text.size && n_taken < MANTISSA_DIGITS; i++) {
		if (!scan_is_digit(d->text.data[i]))
			continue;
		n_left--;
		mantissa = mantissa * 10 + (uint64_t)(d->text.data[i] - '0');
		n_taken += mantissa != 0;
	}
	if (n_left == 0)
		return decimal_nearest(mantissa, d->exponent);
	low = decimal_nearest(mantissa, d->exponent + n_left);
	/* Equal doubles of one sign are equal bits. */
	if (low == decimal_nearest(mantissa + 1, d->exponent + n_left))
		return low;
	return decimal_exact(d->text, d->exponent);
}

static inline double magnitude(const struct decimal *d)
{
	if (d->n_digits > MANTISSA_DIGITS)
		return long_number(d);
	return real_from(d->mantissa, d->exponent);
}

static bool has_plus(struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);

	return p < end && *p == '+';
}

static inline bool parse(double *out, struct span text, char point)
{
	struct decimal d;
	double v;

	if (!split(&d, text, point))
		return special(out, text) || (has_plus(text) && xstrtod(out, text, point, '\0'));
	/* A plus sign with blanks around: not pandas' exact parser. Only they are as small. */
	if (text.data[0] <= '+' && has_plus(text) &&
	    (text.data[0] != '+' || scan_is_blank(text.data[text.size - 1])))
		return xstrtod(out, text, point, '\0');
	v = magnitude(&d);
	*out = d.negative ? -v : v;
	return true;
}

bool value_float(double *out, struct span text)
{
	return parse(out, text, '.');
}

bool value_float_rules(double *out, struct span text, const struct value_rules *rules)
{
	if (rules->thousands)
		return xstrtod(out, text, rules->decimal, rules->thousands) || special(out, text);
	return parse(out, text, rules->decimal);
}

bool value_float_again(double *out, struct span text)
{
	if (has_plus(text))
		return xstrtod(out, text, '.', '\0') || special(out, text);
	return parse(out, text, '.');
}

bool value_python_float(double *out, struct span text)
{
	char plain[PYTHON_FLOAT_MAX];
	const char *end = text.data + text.size, *p = scan_blanks(text.data, end);
	size_t n = 0;

	while (end > p && scan_is_blank(end[-1]))
		end--;
	for (; p < end; p++) {
		bool is_between = n > 0 && scan_is_digit(p[-1]) && p + 1 < end &&
		                  scan_is_digit(p[1]);

		if (*p == '_' && is_between)
			continue;
		if (n == sizeof(plain) || scan_is_blank(*p))
			return false;
		plain[n++] = *p;
	}
	return n > 0 &&
	       parse(out, span_of(plain + (plain[0] == '+'), n - (plain[0] == '+')), '.') &&
	       (plain[0] != '+' || n < 2 || (plain[1] != '+' && plain[1] != '-'));
}
