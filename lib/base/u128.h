/* The 128-bit product of two 64-bit numbers, also for compilers without a 128-bit type. */
#ifndef SHMPUB_BASE_U128_H
#define SHMPUB_BASE_U128_H

#include <stdint.h>

struct u128 {
	uint64_t high;
	uint64_t low;
};

static inline struct u128 u128_multiply(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
	unsigned __int128 p = (unsigned __int128)a * b;

	return (struct u128){ (uint64_t)(p >> 64), (uint64_t)p };
#else
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t low = a0 * b0, cross = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)cross;

	return (struct u128){ a1 * b1 + (cross >> 32) + (other >> 32),
		              (other << 32) | (uint32_t)low };
#endif
}

#endif
