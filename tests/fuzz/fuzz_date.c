#include "fuzz.h"

#include <string.h>

#include "value/date_format.h"
#include "tools/strptime.h"
#include "value/timestamp.h"

/*
 * Dates from any bytes: the first line is a format, the rest a cell. Whatever is taken is
 * a moment within its own bounds, and a unit that it is given in holds it.
 */

static void judge(const struct timestamp *t)
{
	int64_t seconds, micros;

	CLAIM(t->nanoseconds < 1000000000u);
	CLAIM(t->digits >= 0 && t->digits <= 9);
	CLAIM(t->has_zone || t->offset_s == 0);
	if (t->nanoseconds == 0 && timestamp_to_unit(&micros, t, SHMPUB_MICROSECOND)) {
		CLAIM(timestamp_to_unit(&seconds, t, SHMPUB_SECOND));
		CLAIM(micros == seconds * 1000000);
	}
}

static void with_format(struct span format, struct span cell)
{
	struct date_format compiled = DATE_FORMAT_NONE;
	struct shmpub_error err = { 0 };
	struct timestamp t;

	if (date_format_compile(&compiled, format, &err) == SHMPUB_OK) {
		if (date_parse(&t, &compiled, NULL, cell))
			judge(&t);
	} else {
		CLAIM(err.message[0] != '\0');
	}
	if (value_strptime(&t, cell, format))
		judge(&t);
}

static void by_inference(struct span cell)
{
	struct date_format guessed = DATE_FORMAT_NONE;
	struct date_cache cache = DATE_CACHE_NONE;
	struct timestamp t;

	if (value_iso8601(&t, cell))
		judge(&t);
	(void)value_is_nat(cell);
	if (date_format_infer(&guessed, cell) && date_parse(&t, &guessed, &cache, cell))
		judge(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1); /* just that size: one byte too many is seen */
	const char *newline;

	CLAIM(text != NULL);
	memcpy(text + 1, data, size);
	newline = size > 0 ? memchr(text + 1, '\n', size) : NULL;
	if (newline != NULL) {
		size_t n = (size_t)(newline - (text + 1));

		with_format(span_of(text + 1, n), span_of(newline + 1, size - n - 1));
	}
	by_inference(span_of(text + 1, size));
	free(text);
	return 0;
}
