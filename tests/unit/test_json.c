#include "json.h"

#include "base/alloc.h"
#include "unit/check.h"

/* JSON that is valid for any bytes; what Python's json module makes of it is tested with the CLI. */

static const struct {
	const char *label;
	struct span text;
	const char *want;
} strings[] = {
	{ "empty", { "", 0 }, "\"\"" },
	{ "plain", { "quotes", 6 }, "\"quotes\"" },
	{ "quote and backslash", { "a\"b\\c", 5 }, "\"a\\\"b\\\\c\"" },
	{ "letters", { "\b\t\n\f\r", 5 }, "\"\\b\\t\\n\\f\\r\"" },
	{ "other controls", { "\x01\x1f\x7f", 3 }, "\"\\u0001\\u001f\\u007f\"" },
	{ "NUL inside", { "a\0b", 3 }, "\"a\\u0000b\"" },
	{ "UTF-8 as it is",
	  { "na\xC3\xAFve \xF0\x9F\x99\x82", 11 },
	  "\"na\xC3\xAFve \xF0\x9F\x99\x82\"" },
	{ "a lone byte", { "a\xFFz", 3 }, "\"a\xEF\xBF\xBDz\"" },
	{ "cut at the end", { "a\xE2\x82", 3 }, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"" },
	{ "surrogate", { "\xED\xA0\x80", 3 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
};

static void test_strings(void)
{
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		struct buffer b = BUFFER_NONE;
		struct json j = json_to(&b);

		json_string(&j, strings[i].text);
		CHECK(strings[i].label, span_is(buffer_span(&b), strings[i].want));
		buffer_free(&b);
	}
}

static const struct {
	const char *text;
	bool want;
} numbers[] = {
	{ "0", true },         { "-0", true },
	{ "12", true },        { "123456789012345678901234567890", true },
	{ "1.5", true },       { "1e5", true },
	{ "-2.25E-10", true }, { "", false },
	{ "-", false },        { "01", false },
	{ "+1", false },       { ".5", false },
	{ "1.", false },       { "1e", false },
	{ "1e+", false },      { "inf", false },
	{ "nan", false },      { "1 ", false },
	{ "0x10", false },     { "1,5", false },
};

static void test_numbers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		CHECK_INT(numbers[i].text, json_is_number(span_str(numbers[i].text)),
		          numbers[i].want);
}

static void write_object(struct json *j)
{
	json_open(j, '{');
	json_member_string(j, "name", span_str("a"));
	json_member_uint(j, "n", UINT64_MAX);
	json_member_int(j, "m", INT64_MIN);
	json_key(j, span_str("list"));
	json_open(j, '[');
	json_bool(j, true);
	json_null(j);
	json_open(j, '{');
	json_close(j, '}');
	json_plain(j, span_str("1.5"));
	json_close(j, ']');
	json_key(j, span_str("last"));
	json_bool(j, false);
	json_close(j, '}');
}

static void test_object(void)
{
	struct buffer b = BUFFER_NONE;
	struct json j = json_to(&b);

	write_object(&j);
	CHECK("object",
	      span_is(buffer_span(&b), "{\"name\":\"a\",\"n\":18446744073709551615,"
	                               "\"m\":-9223372036854775808,\"list\":[true,null,{},1.5],"
	                               "\"last\":false}"));
	CHECK("no failure", !j.has_failed);
	buffer_free(&b);
}

static void test_memory(void)
{
	struct buffer b = BUFFER_NONE;
	struct json j = json_to(&b);

	mem_fail_after(0);
	write_object(&j);
	mem_fail_after(-1);
	CHECK("failure is kept", j.has_failed);
	buffer_free(&b);
	CHECK_INT("nothing left", mem_live(), 0);
}

int main(void)
{
	test_strings();
	test_numbers();
	test_object();
	test_memory();
	return check_report();
}
