/*
 * Durations, sizes and counts as short texts for people, each NUL-terminated.
 *
 * Threads: no state.
 */
#ifndef SHMPUB_CLI_HUMAN_H
#define SHMPUB_CLI_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 24

/* "0.4s", "12s", "3m 20s", "5h 1m", "12d 3h"; below zero (clocks differ): "0s". */
void human_age(char out[HUMAN_SIZE], int64_t ns);
/* "850ns", "12.3us", "4.5ms", "1.2s" */
void human_span(char out[HUMAN_SIZE], uint64_t ns);
/* "0 B", "999 B", "1.2 kB", "80.0 MB": powers of 1000. */
void human_size(char out[HUMAN_SIZE], uint64_t bytes);
/* "5s", "250ms", "1m"; 0: "-". */
void human_interval(char out[HUMAN_SIZE], uint64_t ms);
/* "1,234,567" */
void human_count(char out[32], uint64_t n);

#endif
