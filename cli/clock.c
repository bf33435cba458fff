#include "clock.h"

#include <string.h>
#include <time.h>
#include "cell.h"

/* UTC only: lines of several machines, or of one before and after a change of clocks, compare. */

int64_t clock_now_ns(void)
{
	struct timespec t;

	(void)timespec_get(&t, TIME_UTC);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void clock_text(char out[CLOCK_TEXT_SIZE], int64_t ns)
{
	struct cell_time form = { .decimals = 3, .separator = 'T', .zone = "Z" };
	char room[CELL_SIZE];
	struct span text;

	if (ns == 0) {
		strcpy(out, "-");
		return;
	}
	text = cell_moment(room, ns, SHMPUB_NANOSECOND, &form);
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
}
