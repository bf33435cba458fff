/*
 * Arithmetic on sizes that come from outside. The functions with an `out` return false when
 * the result does not fit 64 bits; *out is then unspecified.
 */
#ifndef SHMPUB_BASE_CHECKED_H
#define SHMPUB_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool u64_add(uint64_t *out, uint64_t a, uint64_t b)
{
	*out = a + b;
	return *out >= a;
}

static inline bool u64_mul(uint64_t *out, uint64_t a, uint64_t b)
{
	if (a != 0 && b > UINT64_MAX / a)
		return false;
	*out = a * b;
	return true;
}

/* Rounds `a` up to a multiple of `align`, which is a power of two. */
static inline bool u64_align(uint64_t *out, uint64_t a, uint64_t align)
{
	if (!u64_add(out, a, align - 1))
		return false;
	*out &= ~(align - 1);
	return true;
}

/* Returns true when [offset, offset + size) lies inside [0, limit). */
static inline bool range_inside(uint64_t offset, uint64_t size, uint64_t limit)
{
	return offset <= limit && size <= limit - offset;
}

#endif
