#include "csv/unquote.h"

#include <string.h>

size_t csv_unquote_plain(char *out, struct span inner, char quote)
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

csv_unquote_fn *csv_unquote_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return csv_unquote_avx2;
#endif
	return csv_unquote_plain;
}
