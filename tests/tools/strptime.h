/* One cell by a strptime format that is compiled for this cell alone. */
#ifndef SHMPUB_TESTS_STRPTIME_H
#define SHMPUB_TESTS_STRPTIME_H

#include "value/date_format.h"

static inline bool value_strptime(struct timestamp *out, struct span text, struct span format)
{
	struct date_format f;

	return date_format_compile(&f, format, NULL) == SHMPUB_OK &&
	       date_parse(out, &f, NULL, text);
}

#endif
