#include "base/cpu.h"

#include <stdbool.h>
#include "base/atomic.h"

/*
 * The answer of the processor never changes, so it is kept for the whole process. Two threads
 * that ask for the first time at once both find the same answer.
 */
#define IS_KNOWN (UINT32_C(1) << 31)

static uint32_t known;  /* IS_KNOWN and the features; 0: nobody has asked yet */
static uint32_t hidden; /* by cpu_hide() */

#if defined(__x86_64__) && !defined(_MSC_VER)
#include <cpuid.h>

/* clang 14 does not answer for it. */
static bool has_lzcnt(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c >> 5 & 1);
}
#endif

/*
 * gcc and clang also look whether the operating system saves the wide registers. Programs that
 * use Microsoft's C library have no such function: they take the kernels for every processor.
 */
static uint32_t ask_processor(void)
{
	uint32_t features = 0;

#if defined(__x86_64__) && !defined(_MSC_VER)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
	    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	    __builtin_cpu_supports("popcnt") && has_lzcnt())
		features |= CPU_AVX2;
	if ((features & CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512vbmi2"))
		features |= CPU_AVX512;
#if defined(SHMPUB_EMULATED_AVX512) /* a build for tests: the kernels run on AVX2 */
	if (features & CPU_AVX2)
		features |= CPU_AVX512;
#endif
#endif
	return features;
}

uint32_t cpu_features(void)
{
	uint32_t features = load_relaxed_u32(&known);

	if (features == 0) {
		features = ask_processor() | IS_KNOWN;
		store_relaxed_u32(&known, features);
	}
	return features & ~load_relaxed_u32(&hidden);
}

void cpu_hide(uint32_t features)
{
	store_relaxed_u32(&hidden, features);
}

const void *kernel_at(const struct kernel *rows, size_t n_rows, size_t i)
{
	const uint32_t have = cpu_features();

	while (n_rows-- > 0) {
		if ((rows[n_rows].needs & ~have) == 0 && i-- == 0)
			return rows[n_rows].functions;
	}
	return NULL;
}
