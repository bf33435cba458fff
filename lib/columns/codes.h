/*
 * The codes of a dictionary column: one number of 1, 2 or 4 bytes for each row, which is the
 * row of the value in the dictionary. They are unsigned here, but readers of Arrow take them
 * as signed: so codes of one byte are used for up to 128 values only.
 *
 * Codes need no alignment. They may be in a mapping that another process changes: compare
 * each code with the number of values before you use it.
 */
#ifndef SHMPUB_COLUMNS_CODES_H
#define SHMPUB_COLUMNS_CODES_H

#include <stdint.h>
#include <string.h>

/* The smallest size of codes for so many values. */
static inline int code_size_for(uint64_t n_values)
{
	return n_values <= 128 ? 1 : n_values <= 32768 ? 2 : 4;
}

static inline uint32_t code_get(const void *codes, int code_size, uint64_t row)
{
	const char *at = (const char *)codes + row * (uint64_t)code_size;
	uint16_t half;
	uint32_t word;

	if (code_size == 1)
		return *(const uint8_t *)at;
	if (code_size == 2) {
		memcpy(&half, at, sizeof(half));
		return half;
	}
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline void code_put(void *codes, int code_size, uint64_t row, uint32_t code)
{
	char *at = (char *)codes + row * (uint64_t)code_size;
	uint16_t half = (uint16_t)code;

	if (code_size == 1)
		*at = (char)code;
	else if (code_size == 2)
		memcpy(at, &half, sizeof(half));
	else
		memcpy(at, &code, sizeof(code));
}

#endif
