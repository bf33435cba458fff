/* CSV options from a text of a test's table: KEY=VALUE, separated by newlines. */
#ifndef SHMPUB_TESTS_OPTIONS_TEXT_H
#define SHMPUB_TESTS_OPTIONS_TEXT_H

#include "csv/options.h"
#include "unit/check.h"

/* The caller frees them. An option that is refused is a failure of the test. */
static inline struct csv_options *options_of(const char *text)
{
	struct csv_options *o;

	if (csv_options_new(&o, NULL))
		abort();
	while (*text) {
		const char *stop = strchr(text, '\n'), *value = strchr(text, '=');
		size_t size = stop ? (size_t)(stop - text) : strlen(text);
		struct shmpub_error err;

		if (csv_options_set(o, span_of(text, (size_t)(value - text)),
		                    span_of(value + 1, size - (size_t)(value + 1 - text)), &err))
			CHECK_STR("option", err.message, "");
		text += size + (stop != NULL);
	}
	return o;
}

#endif
