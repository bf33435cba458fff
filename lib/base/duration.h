/*
 * Numbers with units as people write them: durations (250ms, 5s, 2m, 1h) and sizes (64K, 10M,
 * 2G).
 *
 * Threads: pure functions, any thread.
 * Errors:  false when the text is not of that form or the number does not fit 64 bits.
 */
#ifndef SHMPUB_BASE_DURATION_H
#define SHMPUB_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

/* Parses a whole number and its unit (ms, s, m or h); only "0" needs no unit. */
bool duration_parse(uint64_t *out_ms, struct span text);
/* Parses a number of bytes, perhaps with K, M, G or T, which are powers of 1024. */
bool size_parse(uint64_t *out, struct span text);
/* Parses a whole number without a unit. */
bool count_parse(uint64_t *out, struct span text);
/* A percentage without its sign, from 0 to 100 with at most four decimals, as millionths. */
bool share_parse(uint32_t *millionths, struct span text);

#endif
