/* lib/base: errors, memory, buffers, checksums, UTF-8, checked sizes. */
#include "unit/check.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/utf8.h"
#include "base/utf8_kernel.h"

static void test_error(void)
{
	struct shmpub_error err;
	char wide[2 * SHMPUB_ERROR_SIZE];

	CHECK_INT("code comes back", error_set(&err, SHMPUB_ERR_CSV, "row %d", 7), SHMPUB_ERR_CSV);
	CHECK_STR("message", err.message, "row 7");
	CHECK_INT("NULL is fine", error_set(NULL, SHMPUB_ERR_CSV, "x"), SHMPUB_ERR_CSV);
	error_set(&err, SHMPUB_ERR_CSV, "a\nb\x1b[2J");
	CHECK_STR("control characters", err.message, "a?b?[2J");
	error_set(&err, SHMPUB_ERR_CSV, "\xC3\xA9 \xFF\xC3 \xE2\x82");
	CHECK_STR("bytes that are no UTF-8", err.message, "\xC3\xA9 ?? ??");
	error_sys(&err, 2, "open %s", "/x");
	CHECK_STR("system's reason", err.message, "open /x: No such file or directory");
	for (size_t i = 0; i + 1 < sizeof(wide); i += 2)
		memcpy(wide + i, "\xC3\xA9", 2);
	wide[sizeof(wide) - 2] = '\0';
	error_set(&err, SHMPUB_ERR_CSV, "%s", wide);
	CHECK_INT("cut between characters", utf8_valid_prefix(span_str(err.message)),
	          strlen(err.message));
}

static void check_closed(const char *label, const struct shmpub_error *err, const char *want)
{
	char line[SHMPUB_ERROR_SIZE];

	error_public_message(line, err);
	CHECK_STR(label, line, want);
}

/* A cell's own text is known in the line, whatever is put before it. */
static void test_quoted(void)
{
	struct shmpub_error err, other;
	char wide[2 * SHMPUB_ERROR_SIZE];

	error_set(&err, SHMPUB_ERR_CSV, "line 3: column \"%s\" is to be int64, \"", "a...\"");
	check_closed("nothing quoted", &err, "line 3: column \"a...\"\" is to be int64, \"");
	error_quote(&err, "%s", "a\n\xFF");
	error_add(&err, "\" is not");
	CHECK_STR("whole", err.message, "line 3: column \"a...\"\" is to be int64, \"a??\" is not");
	check_closed("closed", &err, "line 3: column \"a...\"\" is to be int64, \"...\" is not");
	other = err;
	error_prefix(&err, 8, "/x:%d: ", 3);
	CHECK_STR("prefix", err.message, "/x:3: column \"a...\"\" is to be int64, \"a??\" is not");
	check_closed("closed", &err, "/x:3: column \"a...\"\" is to be int64, \"...\" is not");
	CHECK_INT("code stays", err.code, SHMPUB_ERR_CSV);
	memset(wide, 'w', sizeof(wide));
	wide[SHMPUB_ERROR_SIZE - 34] = '\0';
	error_prefix(&other, 8, "%s", wide);
	CHECK_INT("cut in the cell's text", strlen(other.message), SHMPUB_ERROR_SIZE - 1);
	CHECK_INT("which ends the line", other.quoted_at + other.quoted_size,
	          SHMPUB_ERROR_SIZE - 1);
	error_public_message(wide, &other);
	CHECK("and is not told", strchr(wide + SHMPUB_ERROR_SIZE - 34, '?') == NULL);
	error_prefix(&other, 0, "%s", wide);
	CHECK_INT("cut before it", other.quoted_size, 0);
	error_quote(&other, "no room");
	CHECK_INT("nor for another", other.quoted_size, 0);
	error_set(&err, SHMPUB_ERR_CSV, "x");
	CHECK_INT("a new line quotes nothing", err.quoted_size, 0);
	error_quote(NULL, "NULL is fine");
	error_add(NULL, "NULL is fine");
}

/* The number stands in the error beside the message, and moves on with the message. */
static void test_line(void)
{
	struct shmpub_error err;
	char wide[2 * SHMPUB_ERROR_SIZE];

	CHECK_INT("code", error_set_line(&err, SHMPUB_ERR_CSV, 812, "%d fields", 7),
	          SHMPUB_ERR_CSV);
	CHECK_STR("message", err.message, "line 812: 7 fields");
	CHECK_INT("line", err.line, 812);
	error_put_path(&err, "/x");
	CHECK_STR("as compilers write it", err.message, "/x:812: 7 fields");
	CHECK_INT("line stays", err.line, 812);
	error_set(&err, SHMPUB_ERR_CSV, "line 9: only looks like one");
	CHECK_INT("an error without a line", err.line, 0);
	error_put_path(&err, "/x");
	CHECK_STR("its path", err.message, "/x: line 9: only looks like one");
	error_set(&err, SHMPUB_ERR_CSV, "a column");
	error_put_line(&err, 3);
	CHECK_STR("put before it", err.message, "line 3: a column");
	CHECK_INT("and noted", err.line, 3);
	error_set_line(&err, SHMPUB_ERR_CSV, 4294967296, "far");
	CHECK_INT("beyond 32 bits", err.line, UINT32_MAX);
	error_put_path(&err, "/x");
	CHECK_STR("the message has it", err.message, "/x: line 4294967296: far");
	error_sys(&err, 2, "open");
	CHECK_INT("a failed call has none", err.line, 0);
	error_set_line(&err, SHMPUB_ERR_CSV, 4, "\"");
	error_quote(&err, "secret");
	error_put_path(&err, "/x");
	check_closed("closed", &err, "/x:4: \"...");
	memset(wide, 'w', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	error_set_line(&err, SHMPUB_ERR_CSV, 5, "%s", wide);
	CHECK_INT("cut", strlen(err.message), SHMPUB_ERROR_SIZE - 1);
	CHECK_INT("NULL is fine", error_set_line(NULL, SHMPUB_ERR_LIMIT, 1, "x"), SHMPUB_ERR_LIMIT);
	error_put_line(NULL, 1);
}

static void test_copy(void)
{
	char *copy = mem_copy(span_of("a\0b", 3)), *empty = mem_copy(SPAN_NONE);

	CHECK("every byte, and a NUL", memcmp(copy, "a\0b", 4) == 0);
	CHECK_STR("of nothing", empty, "");
	CHECK("more than there is", mem_copy(span_of("", SIZE_MAX)) == NULL);
	mem_fail_after(0);
	CHECK("no memory", mem_copy(span_str("a")) == NULL);
	mem_fail_after(-1);
	mem_free(copy);
	mem_free(empty);
	CHECK_INT("given back", mem_live(), 0);
}

static void test_buffer(void)
{
	struct buffer b = BUFFER_NONE;
	struct shmpub_error err;

	for (int i = 0; i < 1000; i++)
		CHECK_INT("append", buffer_printf(&b, &err, "%d,", i), 0);
	CHECK_INT("size", b.size, 3890);
	mem_fail_after(0);
	CHECK_INT("no memory", buffer_zeros(&b, 1 << 20, &err), SHMPUB_ERR_NOMEM);
	mem_fail_after(-1);
	CHECK_INT("unchanged", b.size, 3890);
	buffer_free(&b);
	buffer_free(&b);
	CHECK_INT("nothing left", mem_live(), 0);
}

static const struct {
	const char *label;
	const char *text;
	size_t size;
	size_t valid;
} utf8_cases[] = {
	{ "empty", "", 0, 0 },
	{ "ascii", "hello, world", 12, 12 },
	{ "two, three, four bytes", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, 9 },
	{ "lone continuation", "ab\x80", 3, 2 },
	{ "overlong slash", "\xC0\xAF", 2, 0 },
	{ "overlong three", "\xE0\x80\xAF", 3, 0 },
	{ "surrogate", "\xED\xA0\x80", 3, 0 },
	{ "above U+10FFFF", "\xF4\x90\x80\x80", 4, 0 },
	{ "cut short", "abcdefgh\xE2\x82", 10, 8 },
	{ "latin-1", "caf\xE9 au lait", 12, 3 },
};

static void test_utf8(void)
{
	const char *p = "\xE2\x82\xAC", *end = p + 3;

	for (size_t i = 0; i < ARRAY_LEN(utf8_cases); i++) {
		struct span text = span_of(utf8_cases[i].text, utf8_cases[i].size);

		CHECK_INT(utf8_cases[i].label, utf8_valid_prefix(text), utf8_cases[i].valid);
		for (size_t k = 0; utf8_kernel_at(k) != NULL; k++)
			CHECK_INT(utf8_cases[i].label,
			          utf8_valid_prefix_by(utf8_kernel_at(k), text),
			          utf8_cases[i].valid);
	}
	CHECK_INT("decode", utf8_next(&p, end), 0x20AC);
	CHECK("advanced", p == end);
}

static const char plain_row[] = "plain", wide_row[] = "wide", absent_row[] = "absent";

static void test_kernels(void)
{
	const struct kernel rows[] = { { 1u << 30, absent_row },
		                       { CPU_AVX2, wide_row },
		                       { 0, plain_row } };
	const bool has_wide = cpu_features() & CPU_AVX2;

	CHECK("best", kernel_best(rows) == (has_wide ? wide_row : plain_row));
	CHECK("0 is plain", kernel_at(rows, ARRAY_LEN(rows), 0) == plain_row);
	CHECK("1 is better", kernel_at(rows, ARRAY_LEN(rows), 1) == (has_wide ? wide_row : NULL));
	CHECK("no more", kernel_at(rows, ARRAY_LEN(rows), 2) == NULL);
	CHECK("AVX-512 is beside AVX2", has_wide || !(cpu_features() & CPU_AVX512));
	cpu_hide(CPU_AVX2);
	CHECK("hidden", kernel_best(rows) == plain_row);
	CHECK("hidden", kernel_at(rows, ARRAY_LEN(rows), 1) == NULL);
	cpu_hide(0);
	CHECK("back", kernel_best(rows) == (has_wide ? wide_row : plain_row));
}

/* What CPUID says of a Haswell and of a Sapphire Rapids, and each with something missing. */
#define HASWELL_1 0x7ffafbffu
#define WIDE_7 0xf1bf07abu /* EBX */
static const struct {
	const char *label;
	struct cpu_words words;
	uint32_t want;
} cpu_cases[] = {
	{ "nothing", { 0, 0, 0, 0, 0 }, 0 },
	{ "Haswell", { HASWELL_1, 0x27ab, 0, 0x21, 7 }, CPU_AVX2 },
	{ "no PCLMULQDQ", { HASWELL_1 & ~2u, 0x27ab, 0, 0x21, 7 }, 0 },
	{ "no POPCNT", { HASWELL_1 & ~(1u << 23), 0x27ab, 0, 0x21, 7 }, 0 },
	{ "no OSXSAVE", { HASWELL_1 & ~(1u << 27), 0x27ab, 0, 0x21, 7 }, 0 },
	{ "no AVX2", { HASWELL_1, 0x27ab & ~(1u << 5), 0, 0x21, 7 }, 0 },
	{ "no BMI1", { HASWELL_1, 0x27ab & ~(1u << 3), 0, 0x21, 7 }, 0 },
	{ "no BMI2", { HASWELL_1, 0x27ab & ~(1u << 8), 0, 0x21, 7 }, 0 },
	{ "no LZCNT", { HASWELL_1, 0x27ab, 0, 0x01, 7 }, 0 },
	{ "ymm not saved", { HASWELL_1, 0x27ab, 0, 0x21, 3 }, 0 },
	{ "wide", { HASWELL_1, WIDE_7, 0x42, 0x21, 0xe7 }, CPU_AVX2 | CPU_AVX512 },
	{ "zmm not saved", { HASWELL_1, WIDE_7, 0x42, 0x21, 7 }, CPU_AVX2 },
	{ "upper zmm not saved", { HASWELL_1, WIDE_7, 0x42, 0x21, 0x67 }, CPU_AVX2 },
	{ "no VBMI", { HASWELL_1, WIDE_7, 0x40, 0x21, 0xe7 }, CPU_AVX2 },
	{ "no VBMI2", { HASWELL_1, WIDE_7, 0x02, 0x21, 0xe7 }, CPU_AVX2 },
	{ "no F", { HASWELL_1, WIDE_7 & ~(1u << 16), 0x42, 0x21, 0xe7 }, CPU_AVX2 },
	{ "no DQ", { HASWELL_1, WIDE_7 & ~(1u << 17), 0x42, 0x21, 0xe7 }, CPU_AVX2 },
	{ "no BW", { HASWELL_1, WIDE_7 & ~(1u << 30), 0x42, 0x21, 0xe7 }, CPU_AVX2 },
	{ "no VL", { HASWELL_1, WIDE_7 & ~(1u << 31), 0x42, 0x21, 0xe7 }, CPU_AVX2 },
};

static void test_cpu(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cpu_cases); i++)
		CHECK_INT(cpu_cases[i].label, cpu_features_of(&cpu_cases[i].words),
		          cpu_cases[i].want);
#if defined(__x86_64__) && !defined(_MSC_VER)
	CHECK("AVX2 as the compiler's library has it",
	      !(cpu_features() & CPU_AVX2) == !__builtin_cpu_supports("avx2"));
#ifndef SHMPUB_EMULATED_AVX512
	CHECK("AVX-512 as the compiler's library has it",
	      !(cpu_features() & CPU_AVX512) == !__builtin_cpu_supports("avx512vbmi2"));
#endif
#endif
}

static void test_checked(void)
{
	uint64_t v;

	CHECK("add", u64_add(&v, 1, 2) && v == 3);
	CHECK("add over", !u64_add(&v, UINT64_MAX, 1));
	CHECK("mul over", !u64_mul(&v, UINT64_MAX / 2, 3));
	CHECK("align", u64_align(&v, 65, 64) && v == 128);
	CHECK("align over", !u64_align(&v, UINT64_MAX - 3, 64));
	CHECK("inside", range_inside(4, 4, 8));
	CHECK("outside", !range_inside(4, 5, 8));
	CHECK("wrap", !range_inside(UINT64_MAX, 2, 8));
}

static uint32_t crc32_bit_by_bit(const unsigned char *p, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

static void test_crc32(void)
{
	unsigned char bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 167 + (i >> 3));
	CHECK_INT("crc32 of 123456789", crc32("123456789", 9), 0xCBF43926);
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		uint32_t want = crc32_bit_by_bit(bytes, size);

		CHECK_INT("at once", crc32(bytes, size), want);
		CHECK_INT("in two parts",
		          crc32_update(crc32(bytes, size / 3), bytes + size / 3, size - size / 3),
		          want);
	}
	for (int b = 0; b < 256; b++) {
		unsigned char run[8] = { (unsigned char)b };

		for (size_t size = 1; size <= 8; size++)
			CHECK_INT("every entry of the table", crc32(run, size),
			          crc32_bit_by_bit(run, size));
	}
}

/* One character, valid unless told otherwise, at the edges of what each size can say. */
static size_t put_character(char *out, unsigned n)
{
	static const char *const good[] = { "a",
		                            "\x7F",
		                            "\xC2\x80",
		                            "\xDF\xBF",
		                            "\xE0\xA0\x80",
		                            "\xED\x9F\xBF",
		                            "\xEE\x80\x80",
		                            "\xEF\xBF\xBF",
		                            "\xF0\x90\x80\x80",
		                            "\xF4\x8F\xBF\xBF" };
	static const char *const bad[] = { "\x80",
		                           "\xBF",
		                           "\xC0\x80",
		                           "\xC1\xBF",
		                           "\xE0\x9F\xBF",
		                           "\xED\xA0\x80",
		                           "\xF0\x8F\xBF\xBF",
		                           "\xF4\x90\x80\x80",
		                           "\xF5\x80\x80\x80",
		                           "\xFF",
		                           "\xC2",
		                           "\xE1\x80",
		                           "\xF1\x80\x80",
		                           "\xE1" };
	const char *text = n < 10000 ? good[n % ARRAY_LEN(good)] : bad[n % ARRAY_LEN(bad)];

	memcpy(out, text, strlen(text));
	return strlen(text);
}

/* The first byte that no valid character can hold or begin with, found one by one. */
static size_t valid_prefix(struct span text)
{
	size_t at = 0;

	while (at < text.size) {
		struct span one = span_of(text.data + at, 1);

		/* Alone, a character is too short for blocks. */
		while (one.size < 4 && at + one.size < text.size && utf8_valid_prefix(one) == 0)
			one.size++;
		if (utf8_valid_prefix(one) != one.size)
			break;
		at += one.size;
	}
	return at;
}

static void test_utf8_blocks(void)
{
	uint64_t seed = 3;
	char text[300];
	int n_wrong = 0;

	for (int round = 0; round < 50000; round++) {
		size_t size = 0;
		unsigned ascii = round % 3 ? 0 : 9;

		while (size < 280) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			size += put_character(text + size,
			                      (seed >> 50) % 40 == 0 && round % 2
			                              ? 10000 + (unsigned)(seed >> 33) % 1000
			                              : (unsigned)(seed >> 33) % 10000 /
			                                        (ascii + 1) * (ascii + 1));
		}
		size = (seed >> 20) % (size + 1);
		for (size_t k = 0; utf8_kernel_at(k) != NULL; k++)
			n_wrong += utf8_valid_prefix_by(utf8_kernel_at(k), span_of(text, size)) !=
			           valid_prefix(span_of(text, size));
	}
	CHECK_INT("blocks", n_wrong, 0);
}

int main(void)
{
	test_error();
	test_quoted();
	test_line();
	test_copy();
	test_buffer();
	test_kernels();
	test_cpu();
	test_utf8();
	test_utf8_blocks();
	test_checked();
	test_crc32();
	return check_report();
}
