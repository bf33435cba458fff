/* Ranges of code points whose width in a terminal is not 1; width_table.c says where from. */
#ifndef SHMPUB_SHOW_WIDTH_TABLE_H
#define SHMPUB_SHOW_WIDTH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct width_range {
	uint32_t first, last;
};

/* Sorted. Characters that take two columns, and characters that take none. */
extern const struct width_range width_wide[];
extern const size_t width_wide_n;
extern const struct width_range width_zero[];
extern const size_t width_zero_n;

#endif
