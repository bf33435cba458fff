/*
 * UTF-8 checked 32 bytes at a time, where the processor has AVX2. Internal to utf8.c.
 */
#ifndef SHMPUB_BASE_UTF8_AVX2_H
#define SHMPUB_BASE_UTF8_AVX2_H

#include <stddef.h>
#include "base/span.h"

/*
 * How many bytes from the start, a multiple of 32, are in blocks without a fault. A
 * character may be cut at the end of them; whatever is behind is for the caller to look at.
 */
size_t utf8_valid_blocks_avx2(struct span text);

#endif
