#include "csv/copy_cells_kinds.h"

/*
 * A cell of up to 64 bytes, quoted or not, with up to two pairs of quotes or none, is copied by the
 * same instructions: 64 bytes as they stand, then what comes after the first pair over them, one
 * byte further to the front, then what comes after the second. Without a pair, these two copies go
 * past the end of the text, where the next cell is written anyway.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include "csv/copy_cells_loop.h"

/* The last copy begins two bytes after BUSY_MAX at most. */
_Static_assert(2 * BUSY_MAX + 2 <= COPY_CELLS_BEYOND, "what is copied too much");

static inline uint64_t low_bytes(uint64_t key, size_t size)
{
	return _bzhi_u64(key, (unsigned)size * 8);
}

static inline void copy_64(char *to, const char *from)
{
	const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)from);
	const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(from + 32));

	_mm256_storeu_si256((__m256i *)(void *)to, low);
	_mm256_storeu_si256((__m256i *)(void *)(to + 32), high);
}

/* Returns a bit for each of 64 bytes that is a quote. */
static inline uint64_t find_quotes(const char *p, char quote)
{
	const __m256i want = _mm256_set1_epi8(quote);
	const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p);
	const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	const uint32_t below = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, want));
	const uint32_t above = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, want));

	return (uint64_t)above << 32 | below;
}

/* Copies what comes after the k-th pair of quotes to its place; 64 bytes further for no pair. */
static inline void copy_after_pair(char *out, const char *text, uint64_t quotes, size_t k)
{
	const size_t at = (size_t)_tzcnt_u64(quotes);

	copy_64(out + at + 1 - k, text + at + 2);
}

static inline uint64_t without_pair(uint64_t quotes)
{
	return _blsr_u64(_blsr_u64(quotes));
}

ALWAYS_INLINE struct cell_text put_quoted(char *out, struct cell_seen cell, const struct loop *l)
{
	const char *text = cell.text.data;
	uint64_t quotes = find_quotes(text, (char)l->quote), all;
	uint64_t key = load_le64(text);

	quotes &= 0 - (uint64_t)cell.is_quoted;
	if (cell.text.size < BUSY_MAX)
		quotes = _bzhi_u64(quotes, (unsigned)cell.text.size);
	all = quotes;
	copy_64(out, text);
	copy_after_pair(out, text, quotes, 0);
	quotes = without_pair(quotes);
	copy_after_pair(out, text, quotes, 1);
	quotes = without_pair(quotes);
	for (size_t k = 2; quotes; k++, quotes = without_pair(quotes))
		copy_after_pair(out, text, quotes, k);
	if (all & 0xFF) /* the first eight bytes of the text are not those of the source */
		key = load_le64(out);
	return (struct cell_text){ cell.text.size - (size_t)_mm_popcnt_u64(all) / 2, key };
}

static size_t copy_avx2(struct cell_copy *c, const struct cell_run *run, size_t n)
{
	return copy_cells(c, run, n, csv_unquote_best());
}

const struct copy_cells_kind copy_cells_avx2 = { "avx2", copy_avx2 };

#else
typedef int copy_cells_avx2_is_for_x86;
#endif
