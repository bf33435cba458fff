/* The time of day, and how it is written. */
#ifndef SHMPUB_CLI_CLOCK_H
#define SHMPUB_CLI_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 72

int64_t clock_now_ns(void); /* wall clock, ns since 1970 UTC */
/* "2026-11-22T23:10:00.123Z"; "-" for 0 */
void clock_text(char out[CLOCK_TEXT_SIZE], int64_t ns);

#endif
