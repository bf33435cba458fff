/*
 * What a token of a date is: a number, or one of the English words among dates, in any case.
 * Internal to this room. Pure; an empty token, where there is none, is none of these.
 */
#ifndef SHMPUB_VALUE_TOKEN_H
#define SHMPUB_VALUE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"

#define TOKEN_NONE (-1)

/* What a number beyond any date counts as. */
#define TOKEN_HUGE 1000000000

bool token_is_number(struct span token); /* digits, perhaps with decimals behind . or , */
bool token_is_whole(struct span token);  /* digits only */
bool token_is_byte(struct span token, char c);
bool token_is_space(struct span token);
bool token_is_jump(struct span token); /* separators and words that mean nothing */

/* The number that digits spell, TOKEN_HUGE at most; false when there are none, or others. */
bool token_whole(int32_t *out, struct span digits);

/* TOKEN_NONE: no such word. */
int32_t token_month(struct span token);      /* 1 to 12 */
int32_t token_weekday(struct span token);    /* Monday is 0 */
int32_t token_ampm(struct span token);       /* am is 0, pm is 1 */
int32_t token_hms(struct span token);        /* hours 0, minutes 1, seconds 2 */
bool token_is_not_finite(struct span token); /* a word that Python's float() takes */

#endif
