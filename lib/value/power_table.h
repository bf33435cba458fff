/* 128-bit approximations of the powers of five. Internal to this room. */
#ifndef SHMPUB_VALUE_POWER_TABLE_H
#define SHMPUB_VALUE_POWER_TABLE_H

#include <stdint.h>

#define POWER_SMALLEST (-342)
#define POWER_LARGEST 324

/*
 * power_of_five[q - POWER_SMALLEST] is the upper and the lower half of 5^q, scaled by a power of
 * two so that the top bit is set.
 */
extern const uint64_t power_of_five[POWER_LARGEST - POWER_SMALLEST + 1][2];

#endif
