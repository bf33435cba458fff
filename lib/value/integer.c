#include "value/value.h"
#include "value/scan.h"

/*
 * Integers.
 *
 * pandas asks strtoll first and strtoull later, and what it makes of a column depends on
 * which cell failed first and how. The two looks are kept apart here (value_int,
 * value_uint) so that the caller can go the same way; the header tells it.
 *
 * A number has at most 20 digits without its leading zeros; those are added up without
 * checks, and only a text with 19 or more is looked at for overflow.
 */

/* pandas copies a number with thousands separators to a buffer of this size first. */
#define PANDAS_WORD 128

#define PYTHON_MAX_DIGITS 4300

struct integer {
	uint64_t magnitude;
	bool negative;
	bool beyond; /* more than uint64 holds */
	const char *rest;
};

/* Digits up to `end`, leading zeros not counted: false when they exceed uint64. */
static bool magnitude(uint64_t *out, const char *p, const char *end)
{
	uint64_t number = 0;
	uint64_t last;

	while (p < end && *p == '0')
		p++;
	if (end - p > 20)
		return false;
	if (end - p < 20) {
		scan_digits(out, p, end);
		return true;
	}
	scan_digits(&number, p, end - 1);
	last = (uint64_t)(end[-1] - '0');
	if (number > UINT64_MAX / 10 || number * 10 > UINT64_MAX - last)
		return false;
	*out = number * 10 + last;
	return true;
}

/* False when there are no digits where they must be. */
static bool split(struct integer *out, struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);
	const char *first;

	out->negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	first = p;
	out->magnitude = 0;
	p = scan_digits(&out->magnitude, p, end);
	if (p == first)
		return false;
	out->beyond = false;
	if (p - first > 19) {
		out->magnitude = 0;
		out->beyond = !magnitude(&out->magnitude, first, p);
	}
	out->rest = p;
	return true;
}

static bool only_blanks(const char *p, struct span text)
{
	const char *end = text.data + text.size;

	return scan_blanks(p, end) == end;
}

enum int_answer value_int(int64_t *out, struct span text)
{
	struct integer n;

	if (!split(&n, text) || !only_blanks(n.rest, text))
		return INT_NONE;
	if (!n.beyond && n.magnitude <= (uint64_t)INT64_MAX + n.negative) {
		*out = (int64_t)(n.negative ? 0 - n.magnitude : n.magnitude);
		return INT_SIGNED;
	}
	if (n.rest != text.data + text.size)
		return INT_NONE; /* pandas: "invalid characters" takes precedence over overflow */
	if (n.beyond || n.negative)
		return INT_BEYOND;
	*out = (int64_t)n.magnitude;
	return INT_UNSIGNED;
}

enum uint_answer value_uint(uint64_t *out, struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);
	struct integer n;

	if (p < end && *p == '-')
		return UINT_NEGATIVE;
	if (!split(&n, text) || !only_blanks(n.rest, text))
		return UINT_NONE;
	if (n.beyond)
		return n.rest == end ? UINT_BEYOND : UINT_NONE;
	*out = n.magnitude;
	return UINT_VALUE;
}

/* A number with its separators taken out. */
struct plain {
	char text[PANDAS_WORD];
	size_t size;
	bool is_too_long;
	bool is_whole; /* nothing but blanks follows */
	bool is_end;   /* not even those */
};

/* False: there are no separators, or no digit comes before them; look at the text as it is. */
static bool drop_thousands(struct plain *out, struct span text, char thousands)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end), *first = p;

	out->size = 0;
	out->is_too_long = false;
	if (p < end && (*p == '-' || *p == '+'))
		out->text[out->size++] = *p++;
	if (p == end || !scan_is_digit(*p) || !memchr(first, thousands, (size_t)(end - first)))
		return false;
	for (; p < end && (scan_is_digit(*p) || *p == thousands); p++) {
		if (*p == thousands)
			continue;
		out->is_too_long = out->size + 1 >= PANDAS_WORD;
		if (out->is_too_long)
			break;
		out->text[out->size++] = *p;
	}
	out->is_end = p == end;
	out->is_whole = scan_blanks(p, end) == end;
	return true;
}

enum int_answer value_int_rules(int64_t *out, struct span text, const struct value_rules *rules)
{
	enum int_answer answer;
	struct plain plain;

	if (rules->thousands == '\0' || !drop_thousands(&plain, text, rules->thousands))
		return value_int(out, text);
	if (plain.is_too_long)
		return INT_BEYOND;
	answer = value_int(out, span_of(plain.text, plain.size));
	if (answer == INT_SIGNED)
		return plain.is_whole ? INT_SIGNED : INT_NONE;
	return plain.is_end ? answer : INT_NONE; /* as in value_int */
}

enum uint_answer value_uint_rules(uint64_t *out, struct span text, const struct value_rules *rules)
{
	enum uint_answer answer;
	struct plain plain;

	if (rules->thousands == '\0' || !drop_thousands(&plain, text, rules->thousands))
		return value_uint(out, text);
	if (plain.text[0] == '-')
		return UINT_NEGATIVE;
	if (plain.is_too_long)
		return UINT_BEYOND;
	answer = value_uint(out, span_of(plain.text, plain.size));
	if (answer == UINT_BEYOND)
		return plain.is_end ? UINT_BEYOND : UINT_NONE;
	return plain.is_whole ? answer : UINT_NONE;
}

size_t value_python_int(char *out, struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_blanks(text.data, end);
	size_t n = 0;
	size_t n_digits = 0;
	bool negative = p < end && *p == '-';

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	while (p < end && scan_is_digit(*p)) {
		/* Leading zeros are dropped, but one digit stays. */
		if (n == 1 && out[0] == '0')
			n = 0;
		if (++n_digits > PYTHON_MAX_DIGITS)
			return 0; /* before room for all of them is touched */
		out[n++] = *p++;
		if (end - p >= 2 && *p == '_' && scan_is_digit(p[1]))
			p++;
	}
	if (n == 0 || scan_blanks(p, end) != end)
		return 0;
	if (negative && !(n == 1 && out[0] == '0')) {
		memmove(out + 1, out, n);
		out[0] = '-';
		n++;
	}
	return n;
}
