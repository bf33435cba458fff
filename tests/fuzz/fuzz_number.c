#include "fuzz.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "value/value.h"

/*
 * Numbers and words from any bytes, held against the C library where the two speak of
 * the same texts: decimal digits, sign, point, exponent.
 */

enum { MOST = 4096 };

static bool is_plain(const char *text, size_t size, const char *alphabet)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\0' || strchr(alphabet, text[i]) == NULL)
			return false;
	}
	return size > 0;
}

static void against_strtod(const char *text, size_t size)
{
	double ours, theirs;
	char *end;

	theirs = strtod(text, &end);
	if (!value_float(&ours, span_of(text, size)))
		return;
	CLAIM(end == text + size);
	CLAIM(memcmp(&ours, &theirs, sizeof(ours)) == 0);
}

static void against_strtoll(const char *text, size_t size)
{
	enum int_answer answer;
	int64_t ours;
	uint64_t above;
	long long theirs;

	errno = 0;
	theirs = strtoll(text, NULL, 10);
	answer = value_int(&ours, span_of(text, size));
	if (answer == INT_SIGNED)
		CLAIM(errno == 0 && ours == theirs);
	if (answer == INT_UNSIGNED) {
		CLAIM(errno == ERANGE);
		errno = 0;
		above = strtoull(text, NULL, 10);
		CLAIM(errno == 0 && (uint64_t)ours == above);
	}
	if (answer == INT_BEYOND)
		CLAIM(errno == ERANGE);
}

static void any_text(struct span text, char *room)
{
	static const struct value_rules other = { ',', '.', NULL, NULL };
	uint64_t u;
	int64_t i;
	double d;
	bool b;

	CLAIM(value_python_int(room, text) <= text.size);
	(void)value_int_rules(&i, text, &other);
	(void)value_uint(&u, text);
	(void)value_uint_rules(&u, text, &other);
	if (value_float_rules(&d, text, &other))
		CLAIM(!isnan(d));
	if (value_float(&d, text))
		CLAIM(!isnan(d) && !value_bool(&b, text));
	(void)value_is_na(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[MOST + 1], room[MOST + 1];
	char *exact;

	if (size > MOST)
		return 0;
	/* A block of just that size, so that one byte too many is seen. */
	exact = malloc(size + 1);
	CLAIM(exact != NULL);
	memcpy(exact + 1, data, size);
	any_text(span_of(exact + 1, size), room);
	free(exact);

	memcpy(text, data, size);
	text[size] = '\0';
	if (is_plain(text, size, "0123456789+-.eE"))
		against_strtod(text, size);
	if (is_plain(text, size, "0123456789+-"))
		against_strtoll(text, size);
	return 0;
}
