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

static bool has(uint32_t word, uint32_t bits)
{
	return (word & bits) == bits;
}

#define BIT(n) (UINT32_C(1) << (n))

uint32_t cpu_features_of(const struct cpu_words *w)
{
	/* PCLMULQDQ, POPCNT, and OSXSAVE: XGETBV may be used. */
	const uint32_t ecx_1 = BIT(1) | BIT(23) | BIT(27);
	const uint32_t ebx_7 = BIT(3) | BIT(5) | BIT(8);                   /* BMI1, AVX2, BMI2 */
	const uint32_t ebx_7_wide = BIT(16) | BIT(17) | BIT(30) | BIT(31); /* F, DQ, BW, VL */
	const uint32_t ecx_7_wide = BIT(1) | BIT(6);                       /* VBMI, VBMI2 */
	uint32_t features = 0;

	if (has(w->ecx_1, ecx_1) && has(w->ebx_7, ebx_7) && has(w->ecx_80000001, BIT(5)) &&
	    has(w->xcr0, 0x06)) /* the registers xmm and ymm */
		features |= CPU_AVX2;
	if ((features & CPU_AVX2) && has(w->ebx_7, ebx_7_wide) && has(w->ecx_7, ecx_7_wide) &&
	    has(w->xcr0, 0xe6)) /* and the mask registers and all of zmm */
		features |= CPU_AVX512;
	return features;
}

#if defined(__x86_64__) && !defined(_MSC_VER)
#include <cpuid.h>

/* The low half of XCR0: which registers the operating system saves. */
static uint32_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	(void)high;
	return low;
}

/*
 * Not __builtin_cpu_supports(): zig's clang has it without the table that it reads, so that the
 * program does not link, or always gets 0 as answer. And clang 14 knows nothing of LZCNT.
 */
static void read_words(struct cpu_words *w)
{
	uint32_t a, b, c, d;

	*w = (struct cpu_words){ 0 };
	if (__get_cpuid(1, &a, &b, &c, &d))
		w->ecx_1 = c;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
		w->ebx_7 = b;
		w->ecx_7 = c;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		w->ecx_80000001 = c;
	if (has(w->ecx_1, BIT(27)))
		w->xcr0 = read_xcr0();
}
#endif

/* Programs that use Microsoft's C library take the kernels for every processor. */
static uint32_t ask_processor(void)
{
	uint32_t features = 0;

#if defined(__x86_64__) && !defined(_MSC_VER)
	struct cpu_words words;

	read_words(&words);
	features = cpu_features_of(&words);
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
