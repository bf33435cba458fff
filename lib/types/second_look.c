#include "types/second_look.h"

#include <math.h>
#include <stdio.h>

/*
 * Does what pandas' maybe_convert_numeric and maybe_convert_bool do with a level: they do not know
 * the options decimal and thousands, take a bool in three spellings only, and make floats of
 * integers with NA.
 */

bool second_look_bool(bool *out, const struct columns *s, struct span text)
{
	static const char *const words[] = { "True", "TRUE", "true", "False", "FALSE", "false" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (span_is(text, words[i])) {
			*out = i < 3;
			return true;
		}
	}
	*out = word_set_has(&s->true_words, text);
	return *out || word_set_has(&s->false_words, text);
}

/*
 * pandas compares text as floats, but an array of integers as integers: then an integer so large
 * that floats round it is NA only if an NA word has exactly its digits.
 */
bool second_look_is_null(const struct column_type *y, struct span cell, double v)
{
	char number[400];
	int size;

	if (!column_is_na_number(y->plan, v))
		return false;
	if (fabs(v) < 9007199254740992.0 || y->first == READ_FLOAT ||
	    y->plan->route != ROUTE_COMPARED)
		return true;
	size = snprintf(number, sizeof(number), "%.0f", v);
	return span_eq(cell, span_of(number, (size_t)size));
}

static bool has_float_sign(struct span text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (memchr(".eEiI", text.data[i], 5))
			return true;
	}
	return false;
}

void second_look_add(struct second_look *l, const struct column_type *y, const struct columns *s,
                     struct span cell, char *room)
{
	size_t size;
	double f;
	bool b;

	if (!second_look_bool(&b, s, cell))
		l->has_not_bool = true;
	if (l->has_not_number)
		return;
	if (!value_float_reparsed(&f, cell)) {
		l->has_not_number = true;
		return;
	}
	if (second_look_is_null(y, cell, f)) {
		l->has_null_number = true;
		return;
	}
	size = value_python_int(room, cell);
	if (size)
		numeric_add(&l->numbers, span_of(room, size));
	else if (has_float_sign(cell))
		l->numbers.has_float = true;
	else
		l->has_not_number =
		        true; /* an integer with more digits than Python's int() takes */
}

struct verdict second_look_verdict(const struct second_look *l)
{
	struct verdict v = verdict_of(READ_BOOL, SHMPUB_BOOL);

	if (!l->has_not_number)
		return numeric_verdict(&l->numbers, l->has_null || l->has_null_number);
	if (l->has_not_bool)
		return verdict_of(READ_TEXT, SHMPUB_TEXT);
	v.kind = l->has_null ? SHMPUB_KIND_BOOL : SHMPUB_PLAIN;
	return v;
}
