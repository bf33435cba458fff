#include "show/align.h"

#include "base/alloc.h"
#include "human.h"
#include "show/width.h"
#include "unit/check.h"

/* Tables in a terminal: widths of characters, text that can't move a cursor, and how people say numbers. */

static const struct {
	const char *label;
	const char *text;
	size_t width;
} widths[] = {
	{ "ascii", "quotes", 6 },
	{ "latin", "na\xC3\xAFve", 5 },
	{ "han", "\xE6\xBC\xA2\xE5\xAD\x97", 4 },
	{ "hangul", "\xED\x95\x9C", 2 },
	{ "fullwidth", "\xEF\xBC\xA1", 2 },
	{ "halfwidth katakana", "\xEF\xBD\xB1", 1 },
	{ "emoji", "\xF0\x9F\x99\x82", 2 },
	{ "combining accent", "e\xCC\x81", 1 },
	{ "zero-width joiner",
	  "a\xE2\x80\x8D"
	  "b",
	  2 },
	{ "cyrillic", "\xD0\x9F\xD1\x80\xD0\xB8", 3 },
	{ "box drawing", "\xE2\x94\x80", 1 },
	{ "plane 2", "\xF0\xA0\x80\x80", 2 },
};

static void test_widths(void)
{
	for (size_t i = 0; i < ARRAY_LEN(widths); i++)
		CHECK_INT(widths[i].label, width_text(span_str(widths[i].text)), widths[i].width);
}

static const struct {
	const char *label;
	struct span text;
	const char *want;
} printables[] = {
	{ "as it is", { "na\xC3\xAFve", 6 }, "na\xC3\xAFve" },
	{ "escape sequence", { "\x1b[31mred", 8 }, "?[31mred" },
	{ "newline, tab, NUL, DEL", { "a\nb\tc\0d\x7f", 8 }, "a?b?c?d?" },
	{ "C1 control (CSI)",
	  { "\xC2\x9B"
	    "31m",
	    5 },
	  "?31m" },
	{ "no UTF-8",
	  { "\x9B"
	    "31m\xFF",
	    5 },
	  "?31m?" },
	{ "right-to-left override",
	  { "a\xE2\x80\xAE"
	    "b",
	    5 },
	  "a?b" },
	{ "no-break space stays",
	  { "a\xC2\xA0"
	    "b",
	    4 },
	  "a\xC2\xA0"
	  "b" },
};

static void test_printable(void)
{
	for (size_t i = 0; i < ARRAY_LEN(printables); i++) {
		struct buffer b = BUFFER_NONE;

		CHECK_INT(printables[i].label, width_printable(&b, printables[i].text, NULL), 0);
		CHECK(printables[i].label, span_is(buffer_span(&b), printables[i].want));
		buffer_free(&b);
	}
}

static void fill(struct align *t)
{
	t->layout = "lrl";
	align_str(t, "FEED");
	align_str(t, "ROWS");
	align_str(t, "ERROR");
	align_str(t, "a");
	align_printf(t, "%d", 12345);
	align_str(t, "");
	align_str(t, "\xE6\xBC\xA2\xE5\xAD\x97");
	align_str(t, "7");
	align_str(t, "line 2:\x1b too long");
}

static const struct {
	const char *label;
	size_t width;
	const char *want;
} tables[] = {
	{ "whole", 0,
	  "FEED   ROWS  ERROR\n"
	  "a     12345\n"
	  "\xE6\xBC\xA2\xE5\xAD\x97      7  line 2:? too long\n" },
	{ "cut", 15,
	  "FEED   ROWS  ER\n"
	  "a     12345\n"
	  "\xE6\xBC\xA2\xE5\xAD\x97      7  li\n" },
	{ "cut inside a wide character", 3,
	  "FEE\n"
	  "a\n"
	  "\xE6\xBC\xA2\n" },
};

static void test_table(void)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct buffer b = BUFFER_NONE;
		struct align t = ALIGN_NONE;

		fill(&t);
		CHECK_INT(tables[i].label, align_print(&b, &t, tables[i].width, NULL), 0);
		CHECK(tables[i].label, span_is(buffer_span(&b), tables[i].want));
		align_free(&t);
		buffer_free(&b);
	}
}

static void test_memory(void)
{
	int r = SHMPUB_ERR_NOMEM;

	for (long n = 0; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
		struct buffer b = BUFFER_NONE;
		struct align t = ALIGN_NONE;

		mem_fail_after(n);
		fill(&t);
		r = align_print(&b, &t, 0, NULL);
		mem_fail_after(-1);
		align_free(&t);
		buffer_free(&b);
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("in the end it works", r, SHMPUB_OK);
}

static void test_human(void)
{
	char s[32];

#define SAYS(call, want)                                                                           \
	do {                                                                                       \
		call;                                                                              \
		CHECK_STR(want, s, want);                                                          \
	} while (0)
	SAYS(human_age(s, -5), "0s");
	SAYS(human_age(s, 450000000), "0.4s");
	SAYS(human_age(s, INT64_C(59900000000)), "59s");
	SAYS(human_age(s, INT64_C(200000000000)), "3m 20s");
	SAYS(human_age(s, INT64_C(18060000000000)), "5h 1m");
	SAYS(human_age(s, INT64_C(1047600000000000)), "12d 3h");
	SAYS(human_age(s, INT64_MAX), "106751d 23h");
	SAYS(human_span(s, 850), "850ns");
	SAYS(human_span(s, 12300), "12.3us");
	SAYS(human_span(s, 999990), "1.0ms");
	SAYS(human_span(s, UINT64_C(1234000000)), "1.2s");
	SAYS(human_size(s, 999), "999 B");
	SAYS(human_size(s, 1000), "1.0 kB");
	SAYS(human_size(s, 80000000), "80.0 MB");
	SAYS(human_size(s, UINT64_MAX), "18.4 EB");
	SAYS(human_interval(s, 0), "-");
	SAYS(human_interval(s, 250), "250ms");
	SAYS(human_interval(s, 90000), "90s");
	SAYS(human_interval(s, 3600000), "1h");
	SAYS(human_count(s, 0), "0");
	SAYS(human_count(s, 999), "999");
	SAYS(human_count(s, 1234567), "1,234,567");
	SAYS(human_count(s, UINT64_MAX), "18,446,744,073,709,551,615");
#undef SAYS
}

int main(void)
{
	test_widths();
	test_printable();
	test_table();
	test_memory();
	test_human();
	return check_report();
}
