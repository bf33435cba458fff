/* lib/value: integers, floats, words. */
#include "unit/check.h"

#include <math.h>
#include "base/alloc.h"
#include "value/value.h"

static const struct {
	const char *label;
	const char *text;
	enum int_answer answer;
	int64_t value;
	enum uint_answer uint_answer;
} integers[] = {
	{ "zero", "0", INT_SIGNED, 0, UINT_VALUE },
	{ "minus zero", "-0", INT_SIGNED, 0, UINT_NEGATIVE },
	{ "plus", "+7", INT_SIGNED, 7, UINT_VALUE },
	{ "blanks around", " \t7\r\n", INT_SIGNED, 7, UINT_VALUE },
	{ "leading zeros", "00000000000000000000000000000012", INT_SIGNED, 12, UINT_VALUE },
	{ "largest", "9223372036854775807", INT_SIGNED, INT64_MAX, UINT_VALUE },
	{ "smallest", "-9223372036854775808", INT_SIGNED, INT64_MIN, UINT_NEGATIVE },
	{ "above int64", "9223372036854775808", INT_UNSIGNED, INT64_MIN, UINT_VALUE },
	{ "above int64, plus", "+9223372036854775808", INT_UNSIGNED, INT64_MIN, UINT_VALUE },
	{ "above int64, blank behind", "9223372036854775808 ", INT_NONE, 0, UINT_VALUE },
	{ "largest uint64", "18446744073709551615", INT_UNSIGNED, -1, UINT_VALUE },
	{ "above uint64", "18446744073709551616", INT_BEYOND, 0, UINT_BEYOND },
	{ "above uint64, blank behind", "18446744073709551616 ", INT_NONE, 0, UINT_NONE },
	{ "above uint64, blank before", " 18446744073709551616", INT_BEYOND, 0, UINT_BEYOND },
	{ "20 digits, leading 9", "99999999999999999999", INT_BEYOND, 0, UINT_BEYOND },
	{ "21 digits", "100000000000000000000", INT_BEYOND, 0, UINT_BEYOND },
	{ "below int64", "-9223372036854775809", INT_BEYOND, 0, UINT_NEGATIVE },
	{ "empty", "", INT_NONE, 0, UINT_NONE },
	{ "blank", " ", INT_NONE, 0, UINT_NONE },
	{ "sign alone", "-", INT_NONE, 0, UINT_NEGATIVE },
	{ "two signs", "+-5", INT_NONE, 0, UINT_NONE },
	{ "sign, blank", "- 5", INT_NONE, 0, UINT_NEGATIVE },
	{ "point", "5.", INT_NONE, 0, UINT_NONE },
	{ "exponent", "5e3", INT_NONE, 0, UINT_NONE },
	{ "hex", "0x1A", INT_NONE, 0, UINT_NONE },
	{ "underscore", "1_000", INT_NONE, 0, UINT_NONE },
	{ "two numbers", "1 2", INT_NONE, 0, UINT_NONE },
	{ "no-break space",
	  "\xc2\xa0"
	  "1",
	  INT_NONE, 0, UINT_NONE },
	{ "arabic digit", "\xd9\xa3", INT_NONE, 0, UINT_NONE },
	{ "byte below '0'", "1234567/", INT_NONE, 0, UINT_NONE },
	{ "byte above '9'", "1234567:", INT_NONE, 0, UINT_NONE },
	{ "high byte", "1234567\xb0", INT_NONE, 0, UINT_NONE },
};

static void test_integers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
		int64_t value = 0;
		uint64_t unsigned_value;
		enum int_answer answer = value_int(&value, span_str(integers[i].text));

		CHECK_INT(integers[i].label, answer, integers[i].answer);
		if (answer == INT_SIGNED || answer == INT_UNSIGNED)
			CHECK_INT(integers[i].label, value, integers[i].value);
		CHECK_INT(integers[i].label,
		          value_uint(&unsigned_value, span_str(integers[i].text)),
		          integers[i].uint_answer);
	}
	{
		int64_t value = 0;

		CHECK_INT("NUL is no blank", value_int(&value, span_of("1\0", 2)), INT_NONE);
		CHECK_INT("the size counts, not a NUL", value_int(&value, span_of("123456789", 3)),
		          INT_SIGNED);
		CHECK_INT("the size counts, not a NUL", value, 123);
	}
}

static const struct {
	const char *label;
	const char *text;
	const char *want; /* NULL: no number; read by strtod */
} floats[] = {
	{ "plain", "0.1", "0.1" },
	{ "no digit before", ".5", "0.5" },
	{ "no digit behind", "5.", "5" },
	{ "plus", "+.5", "0.5" },
	{ "minus zero", "-0.0", "-0.0" },
	{ "minus zero, underflow", "-1e-400", "-0.0" },
	{ "exponent", "1E5", "1e5" },
	{ "point and exponent", "1.e+5", "1e5" },
	{ "blanks around", " \f1.5\v ", "1.5" },
	{ "17 digits", "0.30000000000000004", "0.30000000000000004" },
	{ "largest", "1.7976931348623157e308", "1.7976931348623157e308" },
	{ "rounds to largest", "1.7976931348623158e308", "1.7976931348623158e308" },
	{ "above largest", "1.797693134862315808e308", "inf" },
	{ "overflow", "1e309", "inf" },
	{ "huge exponent", "1e99999999999999999999", "inf" },
	{ "tiny exponent", "1e-99999999999999999999", "0" },
	{ "zero, huge exponent", "0e99999999999999999999", "0" },
	{ "smallest", "5e-324", "5e-324" },
	{ "half of the smallest", "2.4703282292062327e-324", "0" },
	{ "just above half", "2.4703282292062328e-324", "5e-324" },
	{ "smallest normal", "2.2250738585072014e-308", "2.2250738585072014e-308" },
	{ "largest subnormal", "2.2250738585072011e-308", "2.2250738585072011e-308" },
	{ "halfway, to even below", "9007199254740993", "9007199254740992" },
	{ "halfway, to even above", "9007199254740995", "9007199254740996" },
	{ "just above halfway", "9007199254740993.00000000000000000000000000001",
	  "9007199254740994" },
	{ "halfway with zeros", "9007199254740993.00000000000000000000000000000",
	  "9007199254740992" },
	{ "many leading zeros", "0.00000000000000000000000000000000000001", "1e-38" },
	{ "zeros make up for the exponent", "0.000000000000000000001e21", "1" },
	{ "30 digits", "123456789012345678901234567890.5", "123456789012345678901234567890.5" },
	{ "inf", "inf", "inf" },
	{ "iNf", "iNf", "inf" },
	{ "-Infinity", "-Infinity", "-inf" },
	{ "+INFINITY", "+INFINITY", "inf" },
	{ "empty", "", NULL },
	{ "blank", "  ", NULL },
	{ "point", ".", NULL },
	{ "sign", "-", NULL },
	{ "two signs", "--5", NULL },
	{ "sign, blank", "- 5", NULL },
	{ "no exponent", "1e", NULL },
	{ "no digits in the exponent", "1e+", NULL },
	{ "blank in the exponent", "1e 5", NULL },
	{ "exponent alone", ".e5", NULL },
	{ "two points", "1.2.3", NULL },
	{ "exponent with point", "1e5.5", NULL },
	{ "hex", "0x1A", NULL },
	{ "underscore", "1_000.5", NULL },
	{ "thousands", "1,000.5", NULL },
	{ "d for e", "1d5", NULL },
	{ "suffix", "1f", NULL },
	{ "nan is a word for NA", "nan", NULL },
	{ "inf, blank", " inf", NULL },
	{ "infinit", "infinit", NULL },
	{ "in", "in", NULL },
	{ "two numbers", "1 2", NULL },
};

static void test_floats(void)
{
	for (size_t i = 0; i < ARRAY_LEN(floats); i++) {
		double value = 0;
		double want;
		bool ok = value_float(&value, span_str(floats[i].text));

		CHECK_INT(floats[i].label, ok, floats[i].want != NULL);
		if (!ok || !floats[i].want)
			continue;
		want = strtod(floats[i].want, NULL);
		CHECK(floats[i].label, value == want && signbit(value) == signbit(want));
	}
}

/* Digits without end: the right answer, from far more digits than any double needs. */
static void test_long_floats(void)
{
	enum { SIZE = 10000 };
	char *text = malloc(SIZE + 1);
	double value = 0;

	memset(text, '9', SIZE);
	text[SIZE] = '\0';
	CHECK("10,000 nines", value_float(&value, span_of(text, SIZE)) && isinf(value));
	text[1] = '.';
	CHECK("9.999...", value_float(&value, span_of(text, SIZE)) && value == 10.0);
	memset(text, '0', SIZE);
	text[1] = '.';
	text[SIZE - 1] = '1';
	CHECK("1 after 10,000 zeros", value_float(&value, span_of(text, SIZE)) && value == 0.0);
	memcpy(text, "9007199254740993.", 17);
	CHECK("a 1 far behind halfway",
	      value_float(&value, span_of(text, SIZE)) && value == 9007199254740994.0);
	text[SIZE - 1] = '0';
	CHECK("nothing behind halfway",
	      value_float(&value, span_of(text, SIZE)) && value == 9007199254740992.0);
	free(text);
}

/* Every midpoint between neighbours, and the decimals around it, against the C library. */
static void test_midpoints(void)
{
	uint64_t state = 42;
	int n_wrong = 0;

	for (int i = 0; i < 20000; i++) {
		char text[1200];
		double d, value, want;
		uint64_t bits;
		size_t n;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		bits = (state >> 1) % (UINT64_C(2046) << 52);
		memcpy(&d, &bits, sizeof(d));
		/* 20 to 800 digits: a truncation of a double's decimals, near or far from it. */
		n = (size_t)snprintf(text, sizeof(text), "%.*e", 15 + (int)(state >> 40) % 60, d);
		want = strtod(text, NULL);
		n_wrong += !value_float(&value, span_of(text, n)) || value != want;
	}
	CHECK_INT("random doubles", n_wrong, 0);
}

static const struct {
	const char *label;
	const char *text;
	char decimal;
	char thousands;
	const char *want_float; /* NULL: none */
	enum int_answer answer;
	int64_t value;
} ruled[] = {
	{ "thousands", "1,000", '.', ',', "1000", INT_SIGNED, 1000 },
	{ "anywhere behind a digit", "1,0,", '.', ',', "10", INT_SIGNED, 10 },
	{ "int64's largest", "9,223,372,036,854,775,807", '.', ',', "9223372036854775807",
	  INT_SIGNED, INT64_MAX },
	{ "above int64", "9,223,372,036,854,775,808", '.', ',', "9223372036854775808", INT_UNSIGNED,
	  INT64_MIN },
	{ "not in front", ",1", '.', ',', NULL, INT_NONE, 0 },
	{ "not behind the sign", "-,1", '.', ',', NULL, INT_NONE, 0 },
	{ "not in decimals", "1.0,5", '.', ',', NULL, INT_NONE, 0 },
	{ "in front of decimals", "1,000.5", '.', ',', "1000.5", INT_NONE, 0 },
	{ "not in the exponent", "1e1,0", '.', ',', NULL, INT_NONE, 0 },
	{ "decimal comma", "1,5", ',', '\0', "1.5", INT_NONE, 0 },
	{ "decimal comma: a point is nothing", "1.5", ',', '\0', NULL, INT_NONE, 0 },
	{ "decimal comma and points", "1.000,5", ',', '.', "1000.5", INT_NONE, 0 },
	{ "blanks as thousands", " 1 000 ", '.', ' ', "1000", INT_SIGNED, 1000 },
};

static void test_rules(void)
{
	for (size_t i = 0; i < ARRAY_LEN(ruled); i++) {
		struct value_rules rules = VALUE_RULES_NONE;
		double d = 0;
		int64_t n = 0;
		bool ok;

		rules.decimal = ruled[i].decimal;
		rules.thousands = ruled[i].thousands;
		ok = value_float_rules(&d, span_str(ruled[i].text), &rules);
		CHECK_INT(ruled[i].label, ok, ruled[i].want_float != NULL);
		if (ok && ruled[i].want_float)
			CHECK(ruled[i].label, d == strtod(ruled[i].want_float, NULL));
		CHECK_INT(ruled[i].label, value_int_rules(&n, span_str(ruled[i].text), &rules),
		          ruled[i].answer);
		if (ruled[i].answer == INT_SIGNED || ruled[i].answer == INT_UNSIGNED)
			CHECK_INT(ruled[i].label, n, ruled[i].value);
	}
}

static const struct {
	const char *text;
	bool is_na;
	int boolean; /* -1: none */
} words[] = {
	{ "", true, -1 },        { "#N/A", true, -1 },    { "#N/A N/A", true, -1 },
	{ "#NA", true, -1 },     { "-1.#IND", true, -1 }, { "-1.#QNAN", true, -1 },
	{ "-NaN", true, -1 },    { "-nan", true, -1 },    { "1.#IND", true, -1 },
	{ "1.#QNAN", true, -1 }, { "<NA>", true, -1 },    { "N/A", true, -1 },
	{ "NA", true, -1 },      { "NULL", true, -1 },    { "NaN", true, -1 },
	{ "None", true, -1 },    { "n/a", true, -1 },     { "nan", true, -1 },
	{ "null", true, -1 },    { " ", false, -1 },      { " NA", false, -1 },
	{ "NA ", false, -1 },    { "na", false, -1 },     { "NAN", false, -1 },
	{ "Null", false, -1 },   { "none", false, -1 },   { "#", false, -1 },
	{ "1", false, -1 },      { "-", false, -1 },      { "<NA", false, -1 },
	{ "True", false, 1 },    { "TRUE", false, 1 },    { "true", false, 1 },
	{ "tRuE", false, 1 },    { "False", false, 0 },   { "fALSE", false, 0 },
	{ "true ", false, -1 },  { "T", false, -1 },      { "yes", false, -1 },
	{ "falsey", false, -1 },
};

static void test_words(void)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		bool value = false;
		bool ok = value_bool(&value, span_str(words[i].text));

		CHECK_INT(words[i].text, value_is_na(span_str(words[i].text)), words[i].is_na);
		CHECK_INT(words[i].text, ok ? value : -1, words[i].boolean);
	}
}

/* Both searches say the same. */
static bool has(const struct word_set *set, struct span word)
{
	char padded[64 + 8] = { 0 };
	bool is_in = word_set_has(set, word);

	memset(padded, 'N', sizeof(padded)); /* what comes after the word counts for nothing */
	if (word.size > 0)
		memcpy(padded, word.data, word.size);
	if (!word_set_other_size(set, word.size))
		CHECK_INT("with bytes after it", word_set_has_readable(set, padded, word.size),
		          is_in);
	return is_in;
}

static void test_default_words(void)
{
	struct word_set set;
	size_t n;
	const struct span *list = words_default_na(&n);

	CHECK_INT("a set", word_set_init(&set, list, n, NULL), SHMPUB_OK);
	CHECK("compared as numbers", set.shorts && set.other_sizes == 0);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		CHECK_INT(words[i].text, has(&set, span_str(words[i].text)), words[i].is_na);
	CHECK("a NUL is a byte", !has(&set, span_of("NA\0", 3)) && !has(&set, span_of("\0", 1)));
	CHECK("longer", !has(&set, span_str("-1.#QNAN1")) && !has(&set, span_str("#N/A N/A N/A")));
	word_set_free(&set);
}

static const struct {
	const char *label;
	size_t n, size; /* of words, of the longest one: each is its number and hyphens */
	bool has_shorts;
} sets[] = {
	{ "one", 1, 4, true },
	{ "as many as are compared", 64, 8, true },
	{ "more than that", 65, 8, false },
	{ "many", 1000, 8, false },
	{ "longer ones", 20, 9, true },
	{ "long ones", 20, 60, true },
};

static struct span numbered(char *to, size_t i, size_t size)
{
	memset(to, '-', size);
	to[0] = (char)('a' + i % 26);
	if (size > 2) {
		to[1] = (char)('a' + i / 26 % 26);
		to[2] = (char)('a' + i / 676);
	}
	return span_of(to, size);
}

static void test_sizes_of_sets(void)
{
	static char text[1000][64];
	struct span list[1000];
	struct word_set set;
	char other[64];

	for (size_t k = 0; k < ARRAY_LEN(sets); k++) {
		const size_t n = sets[k].n, size = sets[k].size;

		for (size_t i = 0; i < n; i++)
			list[i] = numbered(text[i], i, i % 2 ? size : 3);
		CHECK_INT(sets[k].label, word_set_init(&set, list, n, NULL), SHMPUB_OK);
		CHECK_INT(sets[k].label, set.shorts != NULL, sets[k].has_shorts);
		for (size_t i = 0; i < n; i++) {
			CHECK(sets[k].label, has(&set, list[i]));
			CHECK(sets[k].label, !has(&set, numbered(other, i, size + 1)));
			CHECK(sets[k].label, !has(&set, numbered(other, i + n, size)));
		}
		word_set_free(&set);
	}
}

static void test_word_sets(void)
{
	const struct span list[] = { span_str("ja"), span_str("n"), span_str("ja"), span_str(""),
		                     span_of("a\0b", 3) };
	struct word_set set = WORD_SET_NONE;
	struct value_rules rules = VALUE_RULES_NONE;
	bool value = false;
	long n;

	CHECK("nothing in an empty set", !word_set_has(&set, span_str("")));
	for (n = 0; n < 10; n++) {
		mem_fail_after(n);
		if (word_set_init(&set, list, ARRAY_LEN(list), NULL) == SHMPUB_OK)
			break;
		CHECK_INT("nothing is kept on failure", mem_live(), 0);
		CHECK("none on failure", set.slots == NULL);
	}
	mem_fail_after(-1);
	CHECK_INT("requests until it worked", n, 3);
	CHECK_INT("duplicates count once", set.n_words, 4);
	CHECK("has", word_set_has(&set, span_str("ja")) && word_set_has(&set, span_str("")));
	CHECK("has NUL inside", word_set_has(&set, span_of("a\0b", 3)));
	CHECK("has not",
	      !word_set_has(&set, span_str("j")) && !word_set_has(&set, span_of("a\0c", 3)));
	rules.true_words = &set;
	CHECK("own true", value_bool_rules(&value, span_str("ja"), &rules) && value);
	CHECK("False stays", value_bool_rules(&value, span_str("False"), &rules) && !value);
	CHECK("neither", !value_bool_rules(&value, span_str("nein"), &rules));
	word_set_free(&set);
	word_set_free(&set);
	CHECK_INT("all given back", mem_live(), 0);
}

static const struct {
	const char *text;
	const char *want; /* "": none */
} pythons[] = {
	{ "0", "0" },        { "-0", "0" },
	{ "007", "7" },      { "+7", "7" },
	{ " -7 ", "-7" },    { "1_000", "1000" },
	{ "1__0", "" },      { "_1", "" },
	{ "1_", "" },        { "", "" },
	{ "-", "" },         { "1.0", "" },
	{ "1 2", "" },       { "000", "0" },
	{ "-00012", "-12" }, { "99999999999999999999", "99999999999999999999" },
};

static void test_python_int(void)
{
	for (size_t i = 0; i < ARRAY_LEN(pythons); i++) {
		char out[64];
		size_t n = value_python_int(out, span_str(pythons[i].text));

		out[n] = '\0';
		CHECK_STR(pythons[i].text, out, pythons[i].want);
	}
}

static const struct {
	const char *text;
	bool is_long;
} longs[] = {
	{ "100000000000000000000", true },   { "99999999999999999999", false },
	{ "000000000000000000001", false },  { "-100000000000000000000", false },
	{ "10000000000000000000.0", false }, { " 10000000000000000000", false },
	{ "10000000000000000000a", false },  { "10000000000/000000000", false },
	{ "1_0000000000000000000", false },  { "", false },
};

static void test_plain_long(void)
{
	char digits[65];

	memset(digits, '9', sizeof(digits));
	for (size_t i = 0; i < ARRAY_LEN(longs); i++)
		CHECK_INT(longs[i].text, value_is_plain_long(span_str(longs[i].text)),
		          longs[i].is_long);
	CHECK("64 digits", value_is_plain_long(span_of(digits, 64)));
	CHECK("65 digits", !value_is_plain_long(span_of(digits, 65)));
}

int main(void)
{
	test_integers();
	test_floats();
	test_long_floats();
	test_midpoints();
	test_rules();
	test_words();
	test_word_sets();
	test_default_words();
	test_sizes_of_sets();
	test_python_int();
	test_plain_long();
	return check_report();
}
