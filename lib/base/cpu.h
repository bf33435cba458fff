/*
 * Which implementation of a function runs on this processor.
 *
 * A kernel is one implementation, written for one set of instructions: "plain" C for every
 * processor, and others in files *_sse2.c, *_avx2.c, *_avx512.c and *_neon.c. A module that has
 * kernels lists them in one table, the best one first, and asks kernel_best(). All kernels of a
 * table give the same answers; tests go over them with kernel_at().
 *
 * Threads: any. The processor is asked once in a process; after that a choice is one or two
 * comparisons.
 */
#ifndef SHMPUB_BASE_CPU_H
#define SHMPUB_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* AVX2 and what came before it or with it: PCLMULQDQ, BMI1, BMI2, LZCNT, POPCNT. */
	CPU_AVX2 = 1 << 0,
	/*
	 * AVX-512 as Ice Lake, Sapphire Rapids and Zen 4 have it: F, BW, DQ, VL, VBMI and
	 * VBMI2. Those processors do not slow down for it, as older ones did, which have no
	 * VBMI2.
	 */
	CPU_AVX512 = 1 << 1,
};

/* The features that this processor and its operating system have: a sum of CPU_*. */
uint32_t cpu_features(void);

/*
 * What an x86-64 processor says of itself: registers after CPUID of a leaf (and subleaf 0), and the
 * low half of XCR0, zero where OSXSAVE is not set.
 */
struct cpu_words {
	uint32_t ecx_1, ebx_7, ecx_7, ecx_80000001, xcr0;
};

/* The features that a processor with these words has. */
uint32_t cpu_features_of(const struct cpu_words *words);

/*
 * For tests and benchmarks: from now on cpu_features() leaves these out, so that the kernels that
 * need them are not chosen. 0 brings all of them back.
 */
void cpu_hide(uint32_t features);

/* One row of a table of kernels. The last row of each table needs nothing. */
struct kernel {
	uint32_t needs;        /* a sum of CPU_* */
	const void *functions; /* what the module calls: a struct of function pointers */
};

/* The functions of the first row that this processor can run. */
static inline const void *kernel_best(const struct kernel *rows)
{
	const uint32_t have = cpu_features();

	while (rows->needs & ~have)
		rows++;
	return rows->functions;
}

/*
 * The functions of the i-th row that this processor can run, counted from the table's end, so
 * that 0 is the plain kernel; NULL past the last.
 */
const void *kernel_at(const struct kernel *rows, size_t n_rows, size_t i);

#endif
