#include "csv/copy_cells.h"

#include "base/cpu.h"
#include "csv/copy_cells_kinds.h"
#include "csv/copy_cells_loop.h"

static inline uint64_t low_bytes(uint64_t key, size_t size)
{
	return size < 8 ? key & ((UINT64_C(1) << 8 * size) - 1) : key;
}

ALWAYS_INLINE struct cell_text put_quoted(char *out, struct cell_seen cell, const struct loop *l)
{
	size_t size = cell.text.size;

	if (cell.is_quoted)
		size = l->unquote->copy(out, cell.text, (char)l->quote);
	else
		memcpy(out, cell.text.data, BUSY_MAX);
	return (struct cell_text){ size, load_le64(out) };
}

static size_t copy_plain(struct cell_copy *c, const struct cell_run *run, size_t n)
{
	return copy_cells(c, run, n, csv_unquote_best());
}

static const struct copy_cells_kind copy_cells_plain = { "plain", copy_plain };

static const struct kernel kernels[] = {
#if defined(__x86_64__)
	{ CPU_AVX2, &copy_cells_avx2 },
#endif
	{ 0, &copy_cells_plain },
};

const struct copy_cells_kind *copy_cells_best(void)
{
	return kernel_best(kernels);
}

const struct copy_cells_kind *copy_cells_kind(size_t i)
{
	return kernel_at(kernels, ARRAY_LEN(kernels), i);
}
