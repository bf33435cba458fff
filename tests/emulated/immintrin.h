/*
 * <immintrin.h> for a build with SHMPUB_EMULATED_AVX512: the intrinsics of AVX-512 become functions
 * of SIMDe (Debian's libsimde-dev), which do the same with what the processor has. The kernels
 * for AVX-512 are compiled with this folder in front and are not changed for it, so that a machine
 * without AVX-512 can test them. What Debian's SIMDe has not is written below, as Intel's
 * description of each instruction says it.
 */
#ifndef SHMPUB_EMULATED_IMMINTRIN_H
#define SHMPUB_EMULATED_IMMINTRIN_H

#include_next <immintrin.h>

#include <string.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

static inline __m512i emulated_load(const void *bytes)
{
	__m512i v;

	memcpy(&v, bytes, sizeof(v));
	return v;
}

static inline __m512i emulated_maskz_loadu_epi8(__mmask64 k, const void *from)
{
	const unsigned char *bytes = from;
	unsigned char v[64] = { 0 };

	for (int i = 0; i < 64; i++) { /* what is masked out is not read, as the sanitizers see */
		if (k >> i & 1)
			v[i] = bytes[i];
	}
	return emulated_load(v);
}
#undef _mm512_maskz_loadu_epi8
#define _mm512_maskz_loadu_epi8 emulated_maskz_loadu_epi8

static inline void emulated_mask_storeu_epi8(void *to, __mmask64 k, __m512i a)
{
	unsigned char v[64], *bytes = to;

	memcpy(v, &a, sizeof(v));
	for (int i = 0; i < 64; i++) {
		if (k >> i & 1)
			bytes[i] = v[i];
	}
}
#undef _mm512_mask_storeu_epi8
#define _mm512_mask_storeu_epi8 emulated_mask_storeu_epi8

static inline __m512i emulated_maskz_compress_epi8(__mmask64 k, __m512i a)
{
	unsigned char v[64], out[64] = { 0 };
	int n = 0;

	memcpy(v, &a, sizeof(v));
	for (int i = 0; i < 64; i++) {
		if (k >> i & 1)
			out[n++] = v[i];
	}
	return emulated_load(out);
}
#undef _mm512_maskz_compress_epi8
#define _mm512_maskz_compress_epi8 emulated_maskz_compress_epi8

static inline __m512i emulated_cvtepu8_epi32(__m128i a)
{
	unsigned char v[16];
	uint32_t out[16];

	memcpy(v, &a, sizeof(v));
	for (int i = 0; i < 16; i++)
		out[i] = v[i];
	return emulated_load(out);
}
#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32

/* In each lane of 16 bytes: of a above b, the 16 bytes from byte n of b on. */
static inline __m512i emulated_alignr_epi8(__m512i a, __m512i b, int n)
{
	unsigned char high[64], low[64], out[64];

	memcpy(high, &a, sizeof(high));
	memcpy(low, &b, sizeof(low));
	for (int i = 0; i < 64; i++) {
		const int lane = i & ~15, at = (i & 15) + n;

		out[i] = at < 16 ? low[lane + at] : at < 32 ? high[lane + at - 16] : 0;
	}
	return emulated_load(out);
}
#undef _mm512_alignr_epi8
#define _mm512_alignr_epi8 emulated_alignr_epi8

static inline __m512d emulated_cvtepi64_pd(__m512i a)
{
	int64_t v[8];
	double out[8];
	__m512d d;

	memcpy(v, &a, sizeof(v));
	for (int i = 0; i < 8; i++)
		out[i] = (double)v[i];
	memcpy(&d, out, sizeof(d));
	return d;
}
#undef _mm512_cvtepi64_pd
#define _mm512_cvtepi64_pd emulated_cvtepi64_pd

/* Debian's 0.7.4 gives this name the arguments of the function with a mask. */
#undef _mm512_madd_epi16
#define _mm512_madd_epi16 simde_mm512_madd_epi16

#endif
