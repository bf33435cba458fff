/* Ranges of code points by the room they take in a terminal; generated, see width_table.c. */
#ifndef SHMPUB_SHOW_WIDTH_TABLE_H
#define SHMPUB_SHOW_WIDTH_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct width_range {
	uint32_t first, last;
};

extern const struct width_range width_wide[]; /* two columns */
extern const size_t width_wide_n;
extern const struct width_range width_zero[]; /* none */
extern const size_t width_zero_n;

#endif
