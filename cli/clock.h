/*
 * The wall clock, and how its times are written.
 *
 * Threads: no state.
 */
#ifndef SHMPUB_CLI_CLOCK_H
#define SHMPUB_CLI_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 72

int64_t clock_now_ns(void); /* wall clock, ns since 1970 UTC */
/* Writes a text like "2026-11-22T23:10:00.123Z", or "-" for 0. */
void clock_text(char out[CLOCK_TEXT_SIZE], int64_t ns);

#endif
