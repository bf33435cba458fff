#include "value/value.h"
#include "value/real.h"
#include "value/scan.h"
#include "value/xstrtod.h"
#include <math.h>

/*
 * Numbers with a decimal point or an exponent.
 *
 * The text is split into digits and a power of ten. The cheapest of these methods that gives the
 * nearest double is used:
 *  - up to 19 digits, which fit 64 bits: real_from();
 *  - more digits: decimal_nearest() of the first 19 digits, and of the first 19 digits plus one.
 *    The number lies between the two; if both round to the same double, so does the number;
 *  - decimal_exact(), for every other number.
 *
 * pandas itself is not exact for numbers with separators of thousands, and for some with a plus
 * sign. Those are parsed by xstrtod(), which makes the same rounding errors.
 */

#define MANTISSA_DIGITS 19

#define PYTHON_FLOAT_MAX 512 /* a longer word of na_values is not taken for a number */

struct decimal {
	uint64_t mantissa;
	int64_t exponent; /* of the last digit */
	int64_t n_digits; /* as written, leading zeros included */
	struct span text; /* from the first digit to the last, with the decimal point */
	bool negative;
};

const double real_powers[REAL_POWER_MAX + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* Parses "inf" or "infinity" in any case, perhaps with a sign, without blanks. */
static bool parse_infinity(double *out, struct span text)
{
	const char *end = text.data + text.size;
	bool negative;
	const char *p = scan_sign(&negative, text.data, end);

	text = span_of(p, (size_t)(end - p));
	if (!scan_is_word(text, "inf", 3) && !scan_is_word(text, "infinity", 8))
		return false;
	*out = negative ? -HUGE_VAL : HUGE_VAL;
	return true;
}

/* With more than MANTISSA_DIGITS digits, out->mantissa is wrong. False: not a number. */
static inline bool split_decimal(struct decimal *out, struct span text, char point)
{
	const char *end = text.data + text.size;
	const char *p = scan_sign(&out->negative, scan_blanks(text.data, end), end);
	const char *first = p;

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

/* For more than MANTISSA_DIGITS digits: takes them from the text, leading zeros aside. */
static double nearest_to_long(const struct decimal *d)
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
	if (low == decimal_nearest(mantissa + 1, d->exponent + n_left))
		return low;
	return decimal_exact(d->text, d->exponent);
}

static inline double nearest_to(const struct decimal *d)
{
	if (d->n_digits > MANTISSA_DIGITS)
		return nearest_to_long(d);
	return real_from(d->mantissa, d->exponent);
}

static bool has_plus(struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);

	return p < end && *p == '+';
}

static inline bool parse_float(double *out, struct span text, char point)
{
	struct decimal d;
	double v;

	if (!split_decimal(&d, text, point))
		return parse_infinity(out, text) ||
		       (has_plus(text) && xstrtod(out, text, point, '\0'));
	/*
	 * A number with a plus sign and blanks around it is not parsed exactly by pandas. The
	 * comparison is a quick test for such text: blanks are smaller than '+'.
	 */
	if (text.data[0] <= '+' && has_plus(text) &&
	    (text.data[0] != '+' || scan_is_blank(text.data[text.size - 1])))
		return xstrtod(out, text, point, '\0');
	v = nearest_to(&d);
	*out = d.negative ? -v : v;
	return true;
}

bool value_float(double *out, struct span text)
{
	return parse_float(out, text, '.');
}

bool value_float_rules(double *out, struct span text, const struct value_rules *rules)
{
	if (rules->thousands)
		return xstrtod(out, text, rules->decimal, rules->thousands) ||
		       parse_infinity(out, text);
	return parse_float(out, text, rules->decimal);
}

bool value_float_reparsed(double *out, struct span text)
{
	if (has_plus(text))
		return xstrtod(out, text, '.', '\0') || parse_infinity(out, text);
	return parse_float(out, text, '.');
}

bool value_python_float(double *out, struct span text)
{
	char plain[PYTHON_FLOAT_MAX];
	const char *end = text.data + text.size, *p = scan_blanks(text.data, end);
	bool has_plus_sign;
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
	/* Python is exact after a plus sign, so parse_float() must not see it. */
	has_plus_sign = n > 0 && plain[0] == '+';
	if (has_plus_sign && n > 1 && (plain[1] == '+' || plain[1] == '-'))
		return false;
	return n > 0 && parse_float(out, span_of(plain + has_plus_sign, n - has_plus_sign), '.');
}
