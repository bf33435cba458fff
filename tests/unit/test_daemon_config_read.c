/* daemon/config_read: what inih would do in silence is told, or is a documented comfort. */
#include "unit/check.h"

#include "base/alloc.h"
#include "base/buffer.h"
#include "config_read.h"

#define LONG_199                                                                                   \
	"k = 0123456789012345678901234567890123456789012345678901234567890123456789012345"         \
	"67890123456789012345678901234567890123456789012345678901234567890123456789012345"         \
	"678901234567890123456789012345678901234"
#define NAME_49 "n234567890123456789012345678901234567890123456789"

static const struct {
	const char *label;
	const char *text;
	const char *want; /* "[title]" and "name=value" with their lines; "!line" for problems */
} cases[] = {
	{ "empty", "", "" },
	{ "sections and entries", "[a]\nx = 1\ny=2\n[b c]\nz =3", "1[a] 2x=1 3y=2 4[b c] 5z=3 " },
	{ "empty section is seen", "[a]\n[b]\n", "1[a] 2[b] " },
	{ "crlf", "[a]\r\nx = 1\r\n", "1[a] 2x=1 " },
	{ "byte order mark", "\xEF\xBB\xBF[a]\nx=1\n", "1[a] 2x=1 " },
	{ "comment lines", "; a\n# b\n[a]\n  ; c\nx=1\n", "3[a] 5x=1 " },
	{ "comment behind a value", "[a]\nx = 1 ; one\ny = 2\t; two\n", "1[a] 2x=1 3y=2 " },
	{ "semicolon inside", "[a]\nx = a;b\n", "1[a] 2x=a;b " },
	{ "semicolon alone", "[a]\nx =;\n", "1[a] 2x=; " },
	{ "value with = and :", "[a]\nx = a=b:c\n", "1[a] 2x=a=b:c " },
	{ "blank value", "[a]\nx =\n", "1[a] 2x= " },
	{ "section with a comment", "[a] ; here\nx=1\n", "1[a] 2x=1 " },
	{ "goes on", "[a]\nx = 1\n  2\n\t3\ny=4\n", "1[a] 2x=1 2 3 5y=4 " },
	{ "goes on without a blank", "[a]\nx = /very/\\\n  long\n", "1[a] 2x=/very/long " },
	{ "goes on behind a comment", "[a]\nx = 1 ; c\n  2 ; d\n  # e\n  3\n", "1[a] 2x=1 2 3 " },
	{ "indented first key", "[a]\n  x = 1\n", "1[a] 2x=1 " },
	{ "line of 199", "[a]\n" LONG_199 "\n", "1[a] 2k=... " },
	{ "section of 49", "[" NAME_49 "]\n", "1[" NAME_49 "] " },
	{ "name of 49 that goes on", "[a]\n" NAME_49 "=1\n 2\n", "1[a] 2" NAME_49 "=1 2 " },
	{ "no newline at the end", "[a]\nx = 1\n  2", "1[a] 2x=1 2 " },

	{ "indented second key", "[a]\nx = 1\n  key = 1\n", "1[a] !3 2x=1 " },
	{ "indented section", "[a]\nx = 1\n  [b]\n", "1[a] !3 2x=1 " },
	{ "line of 200", "[a]\n" LONG_199 "9\ny=1\n", "1[a] !2 3y=1 " },
	{ "long line that goes on", "[a]\nx=1\n  " LONG_199 "\ny=1\n", "1[a] !3 2x=1 4y=1 " },
	{ "section of 50", "[" NAME_49 "0]\nx=1\n", "!1 1[] 2x=1 " },
	{ "name of 50", "[a]\n" NAME_49 "0=1\n", "1[a] !2 " },
	{ "colon", "[a]\nx: 1\n", "1[a] !2 " },
	{ "colon in a name", "[a]\ndtype.a:b = int64\n", "1[a] !2 " },
	{ "no =", "[a]\nx\n", "1[a] !2 " },
	{ "no name", "[a]\n= 1\n", "1[a] !2 " },
	{ "comment or text?", "[a]\nx = a ;b\n", "1[a] !2 " },
	{ "comment or text, going on", "[a]\nx = a\n  b ;c\n", "1[a] !3 2x=a " },
	{ "delimiter = ;", "[a]\nx = ;\n", "1[a] !2 " },
	{ "delimiter = ; with more", "[a]\nx = ; semicolon\n", "1[a] !2 " },
	{ "section not closed", "[a\nx=1\n", "!1 1[] 2x=1 " },
	{ "text after a section", "[a] b\nx=1\n", "!1 1[] 2x=1 " },
	{ "empty name of a section", "[ ]\nx=1\n", "!1 1[] 2x=1 " },
	{ "semicolon in a section", "[a ;b]\nx=1\n", "!1 1[] 2x=1 " },
	{ "not UTF-8", "[a]\nx = caf\xE9\n", "1[a] !2 " },
	{ "control character", "[a]\nx = \x1b[2J\n", "1[a] !2 " },
	{ "old Mac line ends", "[a]\rx = 1\r", "!1 " },
	{ "mark further down", "[a]\n\xEF\xBB\xBFx=1\n", "1[a] 2\xEF\xBB\xBFx=1 " },
};

static int put(struct buffer *b, const char *format, unsigned line, struct span text)
{
	return buffer_printf(b, NULL, format, line, (int)text.size, text.data ? text.data : "");
}

static int on_section(void *arg, unsigned line, struct span title, struct shmpub_error *err)
{
	(void)err;
	return put(arg, "%u[%.*s] ", line, title);
}

static int on_entry(void *arg, unsigned line, struct span name, struct span value,
                    struct shmpub_error *err)
{
	(void)err;
	if (value.size > 100) /* the long rows: that it is whole is enough */
		value = value.size == 195 ? span_str("...") : span_str("cut");
	if (put(arg, "%u%.*s", line, name))
		return SHMPUB_ERR_NOMEM;
	return buffer_printf(arg, NULL, "=%.*s ", (int)value.size, value.data ? value.data : "");
}

static int on_problem(void *arg, unsigned line, const char *message, struct shmpub_error *err)
{
	(void)err;
	CHECK("a message", message[0] != '\0');
	return put(arg, "!%u%.*s ", line, SPAN_NONE);
}

static bool on_is_key(void *arg, struct span name)
{
	(void)arg;
	return span_is(name, "key");
}

static int run(struct buffer *out, const char *text, size_t size)
{
	struct config_events events = { on_section, on_entry, on_problem, on_is_key, out };

	return config_read(span_of(text, size), &events, NULL);
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buffer got = BUFFER_NONE;

		CHECK_INT(cases[i].label, run(&got, cases[i].text, strlen(cases[i].text)), 0);
		CHECK_INT(cases[i].label, buffer_zeros(&got, 1, NULL), 0);
		CHECK_STR(cases[i].label, got.data, cases[i].want);
		buffer_free(&got);
	}
}

static void test_utf16(void)
{
	static const char text[] = "\xFF\xFE[\0a\0]\0\n\0";
	struct buffer got = BUFFER_NONE;

	CHECK_INT("UTF-16", run(&got, text, sizeof(text) - 1), 0);
	CHECK_INT("UTF-16", buffer_zeros(&got, 1, NULL), 0);
	CHECK_STR("UTF-16 is told", got.data, "!1 !2 ");
	buffer_free(&got);
}

static void test_no_memory(void)
{
	static const char text[] = "[a]\nx = 1\n  2\ny: 3\n[b]\nz = 4\n";

	for (long n = 0;; n++) {
		struct buffer got = BUFFER_NONE;
		int r;

		mem_fail_after(n);
		r = run(&got, text, sizeof(text) - 1);
		mem_fail_after(-1);
		buffer_free(&got);
		CHECK_INT("nothing left", mem_live(), 0);
		if (r == SHMPUB_OK)
			break;
		CHECK_INT("no memory", r, SHMPUB_ERR_NOMEM);
	}
}

int main(void)
{
	test_cases();
	test_utf16();
	test_no_memory();
	return check_report();
}
