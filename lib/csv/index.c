#include "csv/index.h"

#include "base/cpu.h"
#include "csv/index_kinds.h"

static const struct kernel kernels[] = {
#if defined(__x86_64__)
	{ CPU_AVX512, &csv_index_avx512 },
	{ CPU_AVX2, &csv_index_avx2 },
	{ 0, &csv_index_sse2 },
#elif defined(__aarch64__)
	{ 0, &csv_index_neon },
#endif
	{ 0, &csv_index_plain },
};

const struct csv_index_kind *csv_index_kind(size_t i)
{
	return kernel_at(kernels, ARRAY_LEN(kernels), i);
}

const struct csv_index_kind *csv_index_best(void)
{
	return kernel_best(kernels);
}
