#include "value/value.h"
#include "value/scan.h"

/*
 * Integers.
 *
 * pandas parses a column with strtoll first and perhaps with strtoull later, and the type of the
 * column depends on which cell failed first and why. So there are two functions here (value_int,
 * value_uint), and value.h says in which steps they are to be called.
 *
 * A 64-bit number has at most 20 digits after its leading zeros. The digits are added up without
 * checks; only if there are more than 19 is the text parsed again with a check for overflow.
 */

/* The size of the buffer to which pandas copies a number with separators of thousands. */
#define PANDAS_BUFFER 128

#define PYTHON_MAX_DIGITS 4300

struct integer {
	uint64_t magnitude;
	bool negative;
	bool beyond;      /* the magnitude does not fit uint64 */
	const char *rest; /* the first byte after the digits */
};

/* Parses the digits from `p` to `end`; false: they do not fit uint64. */
static bool parse_magnitude(uint64_t *out, const char *p, const char *end)
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

/* Parses blanks, a sign and digits. False: there are no digits. */
static bool parse_integer(struct integer *out, struct span text)
{
	const char *end = text.data + text.size;
	const char *p = scan_sign(&out->negative, scan_blanks(text.data, end), end);
	const char *first = p;

	out->magnitude = 0;
	p = scan_digits(&out->magnitude, p, end);
	if (p == first)
		return false;
	out->beyond = false;
	if (p - first > 19) {
		out->magnitude = 0;
		out->beyond = !parse_magnitude(&out->magnitude, first, p);
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

	if (!parse_integer(&n, text) || !only_blanks(n.rest, text))
		return INT_NONE;
	if (!n.beyond && n.magnitude <= (uint64_t)INT64_MAX + n.negative) {
		*out = (int64_t)(n.negative ? 0 - n.magnitude : n.magnitude);
		return INT_SIGNED;
	}
	if (n.rest != text.data + text.size)
		return INT_NONE; /* for pandas, blanks after the digits count before the overflow */
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
	if (!parse_integer(&n, text) || !only_blanks(n.rest, text))
		return UINT_NONE;
	if (n.beyond)
		return n.rest == end ? UINT_BEYOND : UINT_NONE;
	*out = n.magnitude;
	return UINT_VALUE;
}

/* The sign and digits of a number, without the separators of thousands. */
struct bare_number {
	char text[PANDAS_BUFFER];
	size_t size;
	bool is_too_long;    /* for pandas' buffer */
	bool is_only_number; /* nothing follows the digits but blanks */
	bool is_at_end;      /* nothing follows the digits */
};

/*
 * Copies a number without its separators. False: the text has no separators, or no digit comes
 * before the first; it is then to be parsed as it is.
 */
static bool drop_thousands(struct bare_number *out, struct span text, char thousands)
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
		out->is_too_long = out->size + 1 >= PANDAS_BUFFER;
		if (out->is_too_long)
			break;
		out->text[out->size++] = *p;
	}
	out->is_at_end = p == end;
	out->is_only_number = scan_blanks(p, end) == end;
	return true;
}

enum int_answer value_int_rules(int64_t *out, struct span text, const struct value_rules *rules)
{
	enum int_answer answer;
	struct bare_number bare;

	if (rules->thousands == '\0' || !drop_thousands(&bare, text, rules->thousands))
		return value_int(out, text);
	if (bare.is_too_long)
		return INT_BEYOND;
	answer = value_int(out, span_of(bare.text, bare.size));
	if (answer == INT_SIGNED)
		return bare.is_only_number ? INT_SIGNED : INT_NONE;
	/* As in value_int(): blanks after the digits count before the overflow. */
	return bare.is_at_end ? answer : INT_NONE;
}

enum uint_answer value_uint_rules(uint64_t *out, struct span text, const struct value_rules *rules)
{
	enum uint_answer answer;
	struct bare_number bare;

	if (rules->thousands == '\0' || !drop_thousands(&bare, text, rules->thousands))
		return value_uint(out, text);
	if (bare.text[0] == '-')
		return UINT_NEGATIVE;
	if (bare.is_too_long)
		return UINT_BEYOND;
	answer = value_uint(out, span_of(bare.text, bare.size));
	if (answer == UINT_BEYOND)
		return bare.is_at_end ? UINT_BEYOND : UINT_NONE;
	return bare.is_only_number ? answer : UINT_NONE;
}

size_t value_python_int(char *out, struct span text)
{
	const char *end = text.data + text.size;
	bool negative;
	const char *p = scan_sign(&negative, scan_blanks(text.data, end), end);
	size_t n = 0;
	size_t n_digits = 0;

	while (p < end && scan_is_digit(*p)) {
		/* A leading zero is overwritten by the next digit. */
		if (n == 1 && out[0] == '0')
			n = 0;
		if (++n_digits > PYTHON_MAX_DIGITS)
			return 0; /* early, so that memory for more digits is never touched */
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

#define SHORTEST_LONG 21u /* UINT64_MAX has 20 digits */
#define LONGEST_LONG 64u

bool value_is_plain_long(struct span text)
{
	unsigned n_others = 0;

	if (text.size < SHORTEST_LONG || text.size > LONGEST_LONG || text.data[0] == '0')
		return false;
	for (size_t i = 0; i < text.size; i++)
		n_others += (unsigned char)(text.data[i] - '0') > 9;
	return n_others == 0;
}
