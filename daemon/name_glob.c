#include "name_glob.h"

#include <stdint.h>
#include "base/utf8.h"

/*
 * Only the last star has to be tried again with more characters: what an earlier star stands for
 * may be as short as possible.
 */

#define NO_CHARACTER UINT32_C(0x110000) /* and above: bytes that are none */

static size_t character_size(unsigned char first)
{
	if (first < 0xC0)
		return 1;
	return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Takes the first character off *rest, which is not empty. */
static uint32_t take(struct span *rest)
{
	static const unsigned char masks[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned char first = (unsigned char)rest->data[0];
	size_t n = character_size(first);
	uint32_t c;

	if (n > rest->size || utf8_valid_prefix(span_of(rest->data, n)) != n) {
		*rest = span_of(rest->data + 1, rest->size - 1);
		return NO_CHARACTER + first;
	}
	c = first & masks[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)rest->data[i] & 0x3F);
	*rest = span_of(rest->data + n, rest->size - n);
	return c;
}

static uint32_t fold(uint32_t c, bool ignores_case)
{
	return ignores_case && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* --- sets ---------------------------------------------------------------------------------------- */

struct set {
	struct span body; /* what stands between the brackets, without the '!' */
	bool is_negated;
	size_t size; /* with the brackets */
};

/* False: this `[` is an ordinary character. A `]` that comes first is one of the set. */
static bool read_set(struct set *out, struct span pattern)
{
	size_t from = 1, to;

	*out = (struct set){ .is_negated = pattern.size > 1 &&
		                           (pattern.data[1] == '!' || pattern.data[1] == '^') };
	from += out->is_negated;
	for (to = from; to < pattern.size; to++) {
		if (pattern.data[to] == ']' && to > from)
			break;
	}
	if (to >= pattern.size)
		return false;
	out->body = span_of(pattern.data + from, to - from);
	out->size = to + 1;
	return true;
}

static bool set_has(const struct set *s, uint32_t c, bool ignores_case)
{
	struct span rest = s->body;
	bool is_in = false;

	while (rest.size > 0) {
		uint32_t low = fold(take(&rest), ignores_case), high = low;

		if (rest.size > 1 && rest.data[0] == '-') {
			rest = span_of(rest.data + 1, rest.size - 1);
			high = fold(take(&rest), ignores_case);
		}
		is_in |= low <= c && c <= high;
	}
	return is_in != s->is_negated;
}

/* --- names --------------------------------------------------------------------------------------- */

/* Takes one character off each; false: they differ. The pattern does not begin with a star. */
static bool take_equal(struct span *pattern, struct span *name, bool ignores_case)
{
	struct set set;
	uint32_t c;

	if (pattern->size == 0 || name->size == 0)
		return false;
	c = fold(take(name), ignores_case);
	if (pattern->data[0] == '[' && read_set(&set, *pattern)) {
		*pattern = span_of(pattern->data + set.size, pattern->size - set.size);
		return set_has(&set, c, ignores_case);
	}
	if (pattern->data[0] == '?') {
		*pattern = span_of(pattern->data + 1, pattern->size - 1);
		return true;
	}
	return fold(take(pattern), ignores_case) == c;
}

bool name_glob_matches(struct span pattern, struct span name, bool ignores_case)
{
	struct span after_star = SPAN_NONE, star_name = SPAN_NONE;
	bool has_star = false;

	if (name.size > 0 && name.data[0] == '.' && (pattern.size == 0 || pattern.data[0] != '.'))
		return false;
	while (name.size > 0 || pattern.size > 0) {
		if (pattern.size > 0 && pattern.data[0] == '*') {
			pattern = span_of(pattern.data + 1, pattern.size - 1);
			after_star = pattern;
			star_name = name;
			has_star = true;
		} else if (!take_equal(&pattern, &name, ignores_case)) {
			if (!has_star || star_name.size == 0)
				return false;
			(void)take(&star_name);
			pattern = after_star;
			name = star_name;
		}
	}
	return true;
}

bool name_glob_is_pattern(struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '*' || text.data[i] == '?' || text.data[i] == '[')
			return true;
	}
	return false;
}

bool name_glob_has_class(struct span pattern)
{
	for (size_t i = 0; i + 1 < pattern.size; i++) {
		char next = pattern.data[i + 1];

		if (pattern.data[i] == '[' && (next == ':' || next == '.' || next == '=') &&
		    i > 0 && memchr(pattern.data, '[', i) != NULL)
			return true;
	}
	return false;
}
