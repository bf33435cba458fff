#include "clock.h"

#include <string.h>
#include "value/format.h"

/*
 * Times are written in UTC only, so that lines of several machines, or from before and after a
 * change to summer time, can be compared.
 */

void clock_text(char out[CLOCK_TEXT_SIZE], int64_t ns)
{
	_Static_assert(CLOCK_TEXT_SIZE >= FORMAT_MAX + 2, "room for Z and NUL");
	size_t size;

	if (ns == 0) {
		memcpy(out, "-", 2);
		return;
	}
	size = format_timestamp(out, ns / 1000000, SHMPUB_MILLISECOND, 3, NULL);
	out[10] = 'T';
	memcpy(out + size, "Z", 2);
}
