/*
 * A date as a person writes it: tokens, and what each of them seems to mean.
 * Internal to this room. Pure; bounded by READ_TOKENS_MAX.
 */
#ifndef SHMPUB_VALUE_READING_H
#define SHMPUB_VALUE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "value/timestamp.h"

#define READ_TOKENS_MAX 32
#define READ_UNSET (-1)

struct reading {
	struct span tokens[READ_TOKENS_MAX];
	size_t n_tokens;
	int32_t year, month, day;     /* READ_UNSET: not written */
	int32_t weekday;              /* Monday is 0 */
	int32_t hour, minute, second; /* of 24 */
	int32_t microsecond;
	struct span seconds; /* the token they come from, with all its decimals; or empty */
	bool pm_or_am;
	bool has_zone;
	int32_t offset_s;
	struct span zone_name; /* letters, or empty */
};

/*
 * The rules are dateutil's (month first unless it cannot be one, two-digit years within
 * fifty years of `this_year`), for texts that name a year, month or day at least.
 */
bool reading_parse(struct reading *out, struct span text, int32_t this_year);

/* What was not written becomes that of the year 1's first moment; false: no such date. */
bool reading_complete(struct reading *r);

/* By the clock. */
int32_t reading_this_year(void);

/* A text to its moment by these rules, as pandas does cell by cell; microseconds at best. */
bool reading_moment(struct timestamp *out, struct span text, int32_t this_year);

#endif
