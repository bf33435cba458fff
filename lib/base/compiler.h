/*
 * What compilers other than gcc and clang have no word for, or another. What is not C17 is here, in
 * base/atomic.h, base/cpu.h and base/u128.h, and in files for one kind of processor, which other
 * compilers leave out. Pure, any thread.
 */
#ifndef SHMPUB_BASE_COMPILER_H
#define SHMPUB_BASE_COMPILER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The arguments are checked against the format. Windows' own formats differ ("%I64u"); the
 * C library that mingw-w64 links instead takes the standard's, which gcc calls gnu_printf there.
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

static inline unsigned bits_count(uint64_t v)
{
	return (unsigned)__builtin_popcountll(v);
}

/* The number of the lowest bit that is set; v is not 0, here and below. */
static inline unsigned bits_lowest(uint64_t v)
{
	return (unsigned)__builtin_ctzll(v);
}

static inline int bits_leading_zeros(uint64_t v)
{
	return __builtin_clzll(v);
}

static inline uint64_t bytes_swapped(uint64_t v)
{
	return __builtin_bswap64(v);
}

/* False when the result does not fit. */
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

/* Not by the processor's instruction, which the oldest ones have not. */
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

#endif
