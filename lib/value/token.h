/*
 * Classifies a token of a date: a number, or one of the English words in dates, in any case.
 * Internal to this room. An empty token belongs to no class.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_VALUE_TOKEN_H
#define SHMPUB_VALUE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"

#define TOKEN_NONE (-1)

/* Larger numbers count as this one, which is too large for any part of a date. */
#define TOKEN_HUGE 1000000000

/* The full names in lower case; the first three letters of each are its short name. */
extern const struct span token_month_names[12];  /* from January on */
extern const struct span token_weekday_names[7]; /* from Monday on */

bool token_is_number(struct span token); /* digits, perhaps with . or , and decimals after them */
bool token_is_whole(struct span token);  /* digits only */
bool token_is_byte(struct span token, char c);
bool token_is_space(struct span token);
bool token_is_jump(struct span token); /* what dateutil skips: separators and words like "at" */

/* Parses digits; a number above TOKEN_HUGE becomes TOKEN_HUGE. False: there are other bytes. */
bool token_whole(int32_t *out, struct span digits);

/* These return TOKEN_NONE if the token is no such word. */
int32_t token_month(struct span token);      /* 1 to 12 */
int32_t token_weekday(struct span token);    /* Monday is 0 */
int32_t token_ampm(struct span token);       /* am is 0, pm is 1 */
int32_t token_hms(struct span token);        /* h, m and s: hours 0, minutes 1, seconds 2 */
bool token_is_not_finite(struct span token); /* "nan", "inf" or "infinity" */

#endif
