#include "value/token.h"
#include "value/scan.h"

/*
 * The words of dates, and how a text falls into them.
 *
 * A token is a number, a run of letters, or one other byte. Numbers keep their decimals
 * when they are decimals and not the parts of a date: "15.123" is one token, "1.2.2024"
 * five.
 */

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
	                              "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const long_months[] = { "january",   "february", "march",    "april",
	                                   "may",       "june",     "july",     "august",
	                                   "september", "october",  "november", "december" };
static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const long_weekdays[] = { "monday", "tuesday",  "wednesday", "thursday",
	                                     "friday", "saturday", "sunday" };
static const char *const jumps[] = { " ",   ".",  ",", ";", "-",  "/",  "'",  "at", "on",
	                             "and", "ad", "m", "t", "of", "st", "nd", "rd", "th" };
static const char *const hms_words[] = { "h",      "m",     "s",       "hour",   "minute",
	                                 "second", "hours", "minutes", "seconds" };

static int32_t find(struct span token, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (scan_is_word(token, words[i], strlen(words[i])))
			return (int32_t)i;
	}
	return TOKEN_NONE;
}

#define FIND(token, words) find(token, words, ARRAY_LEN(words))

bool token_is_letter(char c)
{
	return (unsigned char)(scan_lower(c) - 'a') < 26;
}

bool token_is_number(struct span token)
{
	return token.size > 0 && scan_is_digit(token.data[0]);
}

bool token_is_whole(struct span token)
{
	return token_is_number(token) && !memchr(token.data, '.', token.size) &&
	       !memchr(token.data, ',', token.size);
}

bool token_is_byte(struct span token, char c)
{
	return token.size == 1 && token.data[0] == c;
}

int32_t token_month(struct span token)
{
	int32_t i = FIND(token, months);

	if (i == TOKEN_NONE)
		i = FIND(token, long_months);
	if (i == TOKEN_NONE && scan_is_word(token, "sept", 4))
		i = 8;
	return i == TOKEN_NONE ? TOKEN_NONE : i + 1;
}

int32_t token_weekday(struct span token)
{
	int32_t i = FIND(token, weekdays);

	return i == TOKEN_NONE ? FIND(token, long_weekdays) : i;
}

int32_t token_ampm(struct span token)
{
	if (scan_is_word(token, "am", 2) || scan_is_word(token, "a", 1))
		return 0;
	if (scan_is_word(token, "pm", 2) || scan_is_word(token, "p", 1))
		return 1;
	return TOKEN_NONE;
}

/* 0: hours, 1: minutes, 2: seconds. */
int32_t token_hms(struct span token)
{
	int32_t i = FIND(token, hms_words);

	return i == TOKEN_NONE ? TOKEN_NONE : i % 3;
}

/* "m" and "t" are jumps too; so is every blank. */
bool token_is_jump(struct span token)
{
	return FIND(token, jumps) != TOKEN_NONE ||
	       (token.size == 1 && scan_is_blank(token.data[0]));
}

/*
 * The bytes of the number at `p`: digits, and decimals behind a point (or a comma after
 * two digits) unless another point or number is near: then they are parts of a date.
 */
static size_t number_size(const char *p, const char *end, bool after_point)
{
	const char *q = p;
	const char *point;

	while (q < end && scan_is_digit(*q))
		q++;
	point = q;
	if (after_point || end - point < 2 || !scan_is_digit(point[1]) ||
	    !(*point == '.' || (*point == ',' && point - p >= 2)))
		return (size_t)(point - p);
	for (q = point + 1; q < end && scan_is_digit(*q); q++)
		;
	if (q < end && *q == '.')
		return (size_t)(point - p);
	return (size_t)(q - p);
}

size_t token_split(struct span *out, size_t capacity, struct span text)
{
	const char *p = text.data;
	const char *end = p + text.size;
	size_t n = 0;

	while (p < end) {
		size_t size = 1;

		if (n == capacity)
			return capacity + 1;
		if (scan_is_digit(*p)) {
			size = number_size(p, end, p > text.data && p[-1] == '.');
		} else if (token_is_letter(*p)) {
			while (size < (size_t)(end - p) && token_is_letter(p[size]))
				size++;
		}
		out[n++] = span_of(p, size);
		p += size;
	}
	return n;
}

/* Digits only; false above nine of them. */
bool token_whole(int32_t *out, struct span digits)
{
	*out = 0;
	if (digits.size == 0 || digits.size > 9)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		if (!scan_is_digit(digits.data[i]))
			return false;
		*out = *out * 10 + (digits.data[i] - '0');
	}
	return true;
}
