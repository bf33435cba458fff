#include "value/lexer.h"
#include "value/scan.h"

/*
 * dateutil's lexer.
 *
 * A token is a run of letters, a run of digits, one character of white space or one other
 * character. A point continues a run of either kind, and so does a comma after two or more
 * digits. After a point the token may go on with letters or digits.
 *
 * Only at the end of a token with points or commas does the lexer know what they are. They are
 * separators, and the token is split at them, if it has two points, ends with a point or comma,
 * or goes on for more than one character after a letter. Otherwise they belong to the token:
 * "15.123" and "59,123" are numbers, and "2014.T" and "77,7.5" are words without a meaning.
 *
 * Characters beyond ASCII count as letters, because no word of dates contains one; for dateutil
 * some of them are digits (docs/CSV.md). NUL bytes between tokens are skipped, as by dateutil;
 * NUL bytes inside a token only set has_nul.
 */

enum state { WORD, NUMBER, WORD_POINT, NUMBER_POINT };

static bool is_letter(char c)
{
	return scan_is_letter(c) || (unsigned char)c >= 0x80;
}

/* The white space beyond ASCII: U+0085, 00A0, 1680, 2000 to 200A, 2028, 2029, 202F, 205F, 3000. */
static size_t wide_space(const char *p, size_t size)
{
	const unsigned char *u = (const unsigned char *)p;

	if (size >= 2 && u[0] == 0xc2 && (u[1] == 0x85 || u[1] == 0xa0))
		return 2;
	if (size < 3)
		return 0;
	if ((u[0] == 0xe1 && u[1] == 0x9a && u[2] == 0x80) ||
	    (u[0] == 0xe3 && u[1] == 0x80 && u[2] == 0x80) ||
	    (u[0] == 0xe2 && u[1] == 0x81 && u[2] == 0x9f))
		return 3;
	if (u[0] == 0xe2 && u[1] == 0x80 &&
	    (u[2] <= 0x8a || u[2] == 0xa8 || u[2] == 0xa9 || u[2] == 0xaf))
		return 3;
	return 0;
}

size_t lexer_space(const char *p, const char *end)
{
	if (p == end)
		return 0;
	if (scan_is_blank(*p) || (unsigned char)(*p - 0x1c) < 4)
		return 1;
	return (unsigned char)*p < 0x80 ? 0 : wide_space(p, (size_t)(end - p));
}

/* Whether the character at `p` continues a token of `n` bytes that ends with `last`. */
static bool continues_token(enum state *state, const char *p, const char *end, size_t n, char last)
{
	bool letter = is_letter(*p) && lexer_space(p, end) == 0;
	bool digit = scan_is_digit(*p);

	switch (*state) {
	case WORD:
		if (*p == '.')
			*state = WORD_POINT;
		return letter || *p == '.';
	case NUMBER:
		if (*p == '.' || (*p == ',' && n >= 2))
			*state = NUMBER_POINT;
		return digit || *state == NUMBER_POINT;
	case WORD_POINT:
		if (digit && last == '.')
			*state = NUMBER_POINT;
		return *p == '.' || letter || *state == NUMBER_POINT;
	default:
		if (letter && last == '.')
			*state = WORD_POINT;
		return *p == '.' || digit || *state == WORD_POINT;
	}
}

static bool is_separator(char c)
{
	return c == '.' || c == ',';
}

static bool is_to_split(struct span token, enum state state, bool seen_letters)
{
	size_t n_points = 0;

	if (state == WORD || state == NUMBER)
		return false;
	for (size_t i = 0; i < token.size; i++)
		n_points += token.data[i] == '.';
	return seen_letters || n_points > 1 || is_separator(token.data[token.size - 1]);
}

/* Takes a separator, or the bytes before the next separator, off *parts. */
static struct span take_part(struct span *parts)
{
	size_t n = 1;
	struct span part;

	while (!is_separator(parts->data[0]) && n < parts->size && !is_separator(parts->data[n]))
		n++;
	part = span_of(parts->data, n);
	*parts = span_of(parts->data + n, parts->size - n);
	return part;
}

/* Returns the size of the token at `p`, which begins with a letter or a digit. */
static size_t token_size(const char *p, const char *end, bool *splits)
{
	enum state state = scan_is_digit(*p) ? NUMBER : WORD;
	const char *q = p + 1;
	char last = *p;
	bool seen_letters = false;

	while (q < end) {
		const char *next = q;

		while (next < end && *next == '\0')
			next++;
		/* dateutil sets this before it looks whether the token ends here. */
		seen_letters |= next < end && (state == WORD || state == WORD_POINT);
		if (next == end || !continues_token(&state, next, end, (size_t)(q - p), last))
			break;
		last = *next;
		q = next + 1;
	}
	*splits = is_to_split(span_of(p, (size_t)(q - p)), state, seen_letters);
	return (size_t)(q - p);
}

bool lexer_next(struct span *out, struct lexer *lexer)
{
	const char *p = lexer->p;
	size_t size;
	bool splits = false;

	if (lexer->parts.size > 0) {
		*out = take_part(&lexer->parts);
		return true;
	}
	while (p < lexer->end && *p == '\0')
		p++;
	lexer->p = p;
	if (p == lexer->end)
		return false;
	size = lexer_space(p, lexer->end);
	if (size == 0 && (is_letter(*p) || scan_is_digit(*p)))
		size = token_size(p, lexer->end, &splits);
	else if (size == 0)
		size = 1;
	lexer->p = p + size;
	*out = span_of(p, size);
	lexer->has_nul |= memchr(p, '\0', size) != NULL;
	if (splits) {
		lexer->parts = *out;
		*out = take_part(&lexer->parts);
	}
	return true;
}
