/*
 * Tokens of a date as a person writes it, and the English words among them, in any case.
 * Internal to this room. Pure; an empty token is none of these.
 */
#ifndef SHMPUB_VALUE_TOKEN_H
#define SHMPUB_VALUE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"

#define TOKEN_NONE (-1)

/* How many; capacity + 1 when there are more than `capacity`. */
size_t token_split(struct span *out, size_t capacity, struct span text);

bool token_is_letter(char c);
bool token_is_number(struct span token); /* digits, perhaps with decimals */
bool token_is_whole(struct span token);  /* digits only */
bool token_is_byte(struct span token, char c);
bool token_is_jump(struct span token); /* separators and words that mean nothing */

/* The number that digits spell; false when there are none, others, or more than nine. */
bool token_whole(int32_t *out, struct span digits);

/* TOKEN_NONE: no such word. */
int32_t token_month(struct span token);   /* 1 to 12 */
int32_t token_weekday(struct span token); /* Monday is 0 */
int32_t token_ampm(struct span token);    /* am is 0, pm is 1 */
int32_t token_hms(struct span token);     /* hours 0, minutes 1, seconds 2 */

#endif
