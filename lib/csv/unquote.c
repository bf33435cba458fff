#include "csv/unquote.h"

#include <string.h>
#include "base/cpu.h"
#include "csv/unquote_kinds.h"

static size_t size_plain(struct span inner, char quote)
{
	const char *p = inner.data, *end = p + inner.size;
	size_t n = inner.size;

	while (p < end && (p = memchr(p, quote, (size_t)(end - p))) != NULL) {
		p += 2;
		n--;
	}
	return n;
}

static size_t copy_plain(char *out, struct span inner, char quote)
{
	const char *p = inner.data, *end = p + inner.size, *q;
	char *to = out;
	size_t n;

	while (p < end) {
		q = memchr(p, quote, (size_t)(end - p));
		n = (size_t)((q ? q + 1 : end) - p);
		memcpy(to, p, n);
		to += n;
		p += n + (q != NULL); /* past the second of the two */
	}
	return (size_t)(to - out);
}

const struct csv_unquote_kind csv_unquote_plain = { "plain", size_plain, copy_plain };

static const struct kernel kernels[] = {
#if defined(__x86_64__)
	{ CPU_AVX512, &csv_unquote_avx512 },
	{ CPU_AVX2, &csv_unquote_avx2 },
#endif
	{ 0, &csv_unquote_plain },
};

const struct csv_unquote_kind *csv_unquote_best(void)
{
	return kernel_best(kernels);
}

const struct csv_unquote_kind *csv_unquote_kind(size_t i)
{
	return kernel_at(kernels, ARRAY_LEN(kernels), i);
}
