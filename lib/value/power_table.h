/* 128-bit approximations of powers of five. Internal to this room. */
#ifndef SHMPUB_VALUE_POWER_TABLE_H
#define SHMPUB_VALUE_POWER_TABLE_H

#include <stdint.h>

#define POWER_SMALLEST (-342)
#define POWER_LARGEST 324

/* Upper and lower half of 5^q, scaled so that the top bit is set; q from POWER_SMALLEST on. */
extern const uint64_t power_of_five[POWER_LARGEST - POWER_SMALLEST + 1][2];

#endif
