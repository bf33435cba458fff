/*
 * Extensions of C that gcc and clang share and that other compilers spell differently or lack.
 *
 * Code that is not C17 stands only here, in base/atomic.h, base/cpu.h and base/u128.h, and in
 * the files for one kind of processor, which are compiled by gcc and clang alone.
 *
 * Threads: pure functions, any thread.
 */
#ifndef SHMPUB_BASE_COMPILER_H
#define SHMPUB_BASE_COMPILER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Makes the compiler check the arguments of a function against its format. Windows' own C
 * library has formats of its own ("%I64u"). mingw-w64 links a library that takes the formats
 * of the C standard; gcc for Windows calls those gnu_printf.
 */
#if defined(__MINGW32__) && !defined(__clang__)
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(gnu_printf, format_at, args_at)))
#elif defined(__GNUC__)
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define PRINTF_LIKE(format_at, args_at)
#endif

#if defined(__GNUC__) || defined(__clang__)

#define ALWAYS_INLINE __attribute__((always_inline)) static inline
#define NEVER_INLINE __attribute__((noinline)) static

#define IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Begins to load a cache line that is needed soon. Any address will do. */
#define PREFETCH(address) __builtin_prefetch(address)

static inline unsigned bits_count(uint64_t v)
{
	return (unsigned)__builtin_popcountll(v);
}

/* Returns the number of the lowest bit that is set, from 0; `v` must not be 0. */
static inline unsigned bits_lowest(uint64_t v)
{
	return (unsigned)__builtin_ctzll(v);
}

/* Returns how many zero bits stand above the highest bit that is set; `v` must not be 0. */
static inline int bits_leading_zeros(uint64_t v)
{
	return __builtin_clzll(v);
}

static inline uint64_t bytes_swapped(uint64_t v)
{
	return __builtin_bswap64(v);
}

/* These two return false when the result does not fit int64; *out is then unspecified. */
static inline bool i64_add(int64_t *out, int64_t a, int64_t b)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool i64_mul(int64_t *out, int64_t a, int64_t b)
{
	return !__builtin_mul_overflow(a, b, out);
}

#else /* MSVC */

#include <intrin.h>
#include <stdlib.h>

#define ALWAYS_INLINE static __forceinline
#define NEVER_INLINE static __declspec(noinline)

#define IS_BIG_ENDIAN 0

#define PREFETCH(address) _mm_prefetch((const char *)(address), _MM_HINT_T0)

/* Counts by arithmetic, because the oldest processors lack an instruction for it. */
static inline unsigned bits_count(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned bits_lowest(uint64_t v)
{
	unsigned long at;

	_BitScanForward64(&at, v);
	return at;
}

static inline int bits_leading_zeros(uint64_t v)
{
	unsigned long at;

	_BitScanReverse64(&at, v);
	return 63 - (int)at;
}

static inline uint64_t bytes_swapped(uint64_t v)
{
	return _byteswap_uint64(v);
}

static inline bool i64_add(int64_t *out, int64_t a, int64_t b)
{
	if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
		return false;
	*out = a + b;
	return true;
}

static inline bool i64_mul(int64_t *out, int64_t a, int64_t b)
{
	if (a > 0 ? (b > 0 ? a > INT64_MAX / b : b < INT64_MIN / a)
	          : (b > 0 ? a < INT64_MIN / b : a != 0 && b < INT64_MAX / a))
		return false;
	*out = a * b;
	return true;
}

#endif

/* Loads eight bytes, the first one into the lowest bits, on machines of either byte order. */
static inline uint64_t load_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return IS_BIG_ENDIAN ? bytes_swapped(v) : v;
}

#endif
