/*
 * Units as people write them: durations (250ms, 5s, 2m, 1h) and sizes (64K, 10M, 2G).
 *
 * Pure functions over text, no state. False: not such a text, or outside 64 bits.
 */
#ifndef SHMPUB_BASE_DURATION_H
#define SHMPUB_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"

/* A whole number and its unit; only 0 may stand without one. */
bool duration_parse(uint64_t *out_ms, struct span text);
/* Bytes; K, M, G and T are powers of 1024. */
bool size_parse(uint64_t *out, struct span text);
/* A plain whole number. */
bool count_parse(uint64_t *out, struct span text);

#endif
