#include "base/utf8.h"

#include "base/cpu.h"
#include "base/utf8_kernel.h"

/*
 * One sequence of bytes at a time, by RFC 3629's table: the range of the second byte depends on
 * the first. ASCII, the usual case, is skipped eight bytes at a time. Where the processor has
 * a kernel, the kernel goes over the text first, and only what it leaves is read in this way.
 */

static size_t sequence_size(const unsigned char *p, size_t left)
{
	unsigned char lo = 0x80, hi = 0xBF;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		n = 2;
	else if (p[0] >= 0xE0 && p[0] <= 0xEF)
		n = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xE0)
		lo = 0xA0;
	else if (p[0] == 0xED)
		hi = 0x9F;
	else if (p[0] == 0xF0)
		lo = 0x90;
	else if (p[0] == 0xF4)
		hi = 0x8F;
	if (left < n || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	return n;
}

/* Returns an offset where a character begins and before which all is good. */
static size_t skip_good_blocks(const struct utf8_kernel *kernel, struct span text)
{
	size_t at = kernel->valid_blocks ? kernel->valid_blocks(text) : 0;
	size_t from = at < 4 ? 0 : at - 4;

	/* A character has four bytes at most, so one begins among the last four. */
	while (from < at && ((unsigned char)text.data[from] & 0xC0) == 0x80)
		from++;
	return from;
}

size_t utf8_valid_prefix_by(const struct utf8_kernel *kernel, struct span text)
{
	const unsigned char *p = (const unsigned char *)text.data;
	size_t i = skip_good_blocks(kernel, text), n;
	uint64_t word;

	while (i < text.size) {
		if (text.size - i >= sizeof(word)) {
			memcpy(&word, p + i, sizeof(word));
			if ((word & 0x8080808080808080u) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		n = sequence_size(p + i, text.size - i);
		if (n == 0)
			return i;
		i += n;
	}
	return i;
}

static const struct utf8_kernel plain = { "plain", NULL };

static const struct kernel kernels[] = {
#if defined(__x86_64__)
	{ CPU_AVX512, &utf8_kernel_avx512 },
	{ CPU_AVX2, &utf8_kernel_avx2 },
#endif
	{ 0, &plain },
};

const struct utf8_kernel *utf8_kernel_at(size_t i)
{
	return kernel_at(kernels, ARRAY_LEN(kernels), i);
}

size_t utf8_valid_prefix(struct span text)
{
	return utf8_valid_prefix_by(kernel_best(kernels), text);
}

uint32_t utf8_next(const char **p, const char *end)
{
	const unsigned char *s = (const unsigned char *)*p;
	size_t n = sequence_size(s, (size_t)(end - *p));
	static const unsigned char first_mask[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	uint32_t c;

	if (n == 0) { /* not valid after all: one byte, the replacement character */
		*p += 1;
		return 0xFFFD;
	}
	c = s[0] & first_mask[n];
	for (size_t i = 1; i < n; i++)
		c = (c << 6) | (s[i] & 0x3Fu);
	*p += n;
	return c;
}
