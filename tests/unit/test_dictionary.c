/*
 * Tests lib/fill/dictionary: words in, and out the values and codes that pandas' categories have.
 */
#include "base/alloc.h"
#include "base/error.h"
#include "check.h"
#include "columns/table.h"
#include "fill/dictionary.h"

static struct columns columns_of(void)
{
	return (struct columns){ .rules = VALUE_RULES_NONE };
}

static void print_value(char *out, size_t room, const struct shmpub_column *c, uint64_t row)
{
	struct span text;

	switch (c->type) {
	case SHMPUB_BOOL:
		snprintf(out, room, "%c", bit_get(c->values, row) ? 'T' : 'F');
		return;
	case SHMPUB_INT64:
		snprintf(out, room, "%" PRId64, ((const int64_t *)c->values)[row]);
		return;
	case SHMPUB_UINT64:
		snprintf(out, room, "%" PRIu64, ((const uint64_t *)c->values)[row]);
		return;
	case SHMPUB_FLOAT64:
		snprintf(out, room, "%.17g", ((const double *)c->values)[row]);
		return;
	default:
		text = column_text(c, row);
		snprintf(out, room, "%.*s", (int)text.size, text.data);
	}
}

/*
 * `words` come in this order. `want` is the type of the dictionary (i u f b s), its values in
 * order, and after the / the number of the value that each word has become.
 */
static const struct {
	const char *label, *words, *want;
} cases[] = {
	{ "text", "z|b|z|a", "s a b z / 2 1 2 0" },
	{ "text by its bytes", "\xC3\xA9|z|Z|", "s  Z z \xC3\xA9 / 3 2 1 0" },
	{ "one word", "x|x|x", "s x / 0 0 0" },
	{ "a prefix goes first", "ab|a|abc", "s a ab abc / 1 0 2" },
	{ "integers by value", "10|9|-1|10", "i -1 9 10 / 2 1 0 2" },
	{ "spellings of one integer", "1|+1|01| 1 ", "i 1 / 0 0 0 0" },
	{ "above int64", "18446744073709551615|7", "u 7 18446744073709551615 / 1 0" },
	{ "above int64 and negative", "18446744073709551615|-7",
	  "s -7 18446744073709551615 / 1 0" },
	{ "beyond 64 bits", "99999999999999999999|7", "s 7 99999999999999999999 / 1 0" },
	{ "floats by value", "2.5|-1|.5|inf", "f -1 0.5 2.5 inf / 2 0 1 3" },
	{ "a float and an integer are equal", "1.0|1|2", "f 1 2 / 0 0 1" },
	{ "zero has one value", "0.0|-0.0|0", "f 0 / 0 0 0" },
	{ "beyond 64 bits, but a float", "99999999999999999999|0.5", "f 0.5 1e+20 / 1 0" },
	{ "truth", "True|false|TRUE", "b F T / 1 0 1" },
	{ "one truth", "True|true", "b T / 0 0" },
	{ "truth and numbers are text", "True|1", "s 1 True / 1 0" },
	{ "a number and a word are text", "1|01|x", "s 01 1 x / 1 0 2" },
};

static size_t split(struct span words[8], const char *text)
{
	size_t n = 0;

	for (; text; n++) {
		const char *stop = strchr(text, '|');

		words[n] = stop ? span_of(text, (size_t)(stop - text)) : span_str(text);
		text = stop ? stop + 1 : NULL;
	}
	return n;
}

static void print(char out[512], const struct dictionary_column *c, const uint32_t *codes, size_t n)
{
	size_t at = (size_t)snprintf(out, 512, "%c", "nbiufts"[c->column.type]);
	char value[64];

	for (uint64_t i = 0; i < c->column.n_rows; i++) {
		print_value(value, sizeof(value), &c->column, i);
		at += (size_t)snprintf(out + at, 512 - at, " %s", value);
	}
	at += (size_t)snprintf(out + at, 512 - at, " /");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, 512 - at, " %u", c->map[codes[i]]);
}

/* Runs one case until memory runs out; *got is the result if nothing failed. */
static int run(char got[512], const char *text)
{
	struct dictionary d = DICTIONARY_NONE;
	struct dictionary_column c = { .map = NULL };
	struct columns s = columns_of();
	struct span words[8];
	uint32_t codes[8];
	size_t n = split(words, text);
	int r = SHMPUB_OK;

	for (size_t i = 0; i < n && r == SHMPUB_OK; i++)
		r = dictionary_put(&d, &codes[i], words[i], NULL);
	if (r == SHMPUB_OK)
		r = dictionary_finish(&c, &d, &s, NULL);
	dictionary_free(&d); /* the column stands by itself */
	if (r == SHMPUB_OK)
		print(got, &c, codes, n);
	dictionary_column_free(&c);
	return r;
}

static void test_cases(void)
{
	char got[512];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_INT(cases[i].label, run(got, cases[i].words), SHMPUB_OK);
		CHECK_STR(cases[i].label, got, cases[i].want);
		CHECK_INT(cases[i].label, mem_live(), 0);
	}
}

static void test_options(void)
{
	static const struct span yes[] = { { "ja", 2 } };
	struct dictionary d = DICTIONARY_NONE;
	struct dictionary_column c;
	struct columns s = columns_of();
	struct word_set words;
	uint32_t code;

	CHECK_INT("words", word_set_init(&words, yes, 1, NULL), SHMPUB_OK);
	s.rules.true_words = &words;
	dictionary_put(&d, &code, span_str("ja"), NULL);
	CHECK_INT("finish", dictionary_finish(&c, &d, &s, NULL), SHMPUB_OK);
	CHECK_INT("own words for truth", c.column.type, SHMPUB_BOOL);
	dictionary_column_free(&c);
	dictionary_free(&d);

	/* pandas ignores thousands and decimal in categories. */
	s.has_number_options = true;
	dictionary_put(&d, &code, span_str("1"), NULL);
	CHECK_INT("finish", dictionary_finish(&c, &d, &s, NULL), SHMPUB_OK);
	CHECK_INT("options for numbers leave text", c.column.type, SHMPUB_TEXT);
	dictionary_column_free(&c);
	dictionary_free(&d);
	word_set_free(&words);
}

static void test_nothing(void)
{
	struct dictionary d = DICTIONARY_NONE;
	struct dictionary_column c;
	struct columns s = columns_of();

	CHECK_INT("of no words", dictionary_finish(&c, &d, &s, NULL), SHMPUB_OK);
	CHECK_INT("no values", c.column.n_rows, 0);
	CHECK_INT("text", c.column.type, SHMPUB_TEXT);
	CHECK_INT("one offset", c.column.offsets[0], 0);
	dictionary_column_free(&c);
	dictionary_column_free(&c);
	dictionary_free(&d);
	CHECK_INT("nothing left", mem_live(), 0);
}

/*
 * Codes number words in the order of their first cell, however the table grows. Words may have
 * NUL.
 */
static void test_codes(void)
{
	struct dictionary d = DICTIONARY_NONE;
	struct shmpub_error err;
	uint32_t code, wrong = 0;
	char word[16] = { 0 };

	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 20000; i++) {
			memcpy(word, &i, sizeof(i));
			wrong += dictionary_put(&d, &code, span_of(word, i % 12 + 4), NULL) !=
			                 SHMPUB_OK ||
			         code != i;
		}
	}
	CHECK_INT("codes", wrong, 0);
	CHECK_INT("words", d.n, 20000);
	CHECK_INT("a shorter word is another", dictionary_put(&d, &code, span_of("\0", 1), NULL),
	          SHMPUB_OK);
	CHECK_INT("its code", code, 20000);
	CHECK_INT("no bytes are a word", dictionary_put(&d, &code, SPAN_NONE, NULL), SHMPUB_OK);
	CHECK_INT("its code", code, 20001);
	d.n = INT32_MAX; /* as if: codes are signed to other programs */
	CHECK_INT("full", dictionary_put(&d, &code, span_str("x"), &err), SHMPUB_ERR_LIMIT);
	CHECK("says so", strstr(err.message, "2^31") != NULL);
	d.n = 20002;
	dictionary_free(&d);
	dictionary_free(&d);
	CHECK_INT("nothing left", mem_live(), 0);
}

/*
 * Lets each request for memory fail in turn: expects an error and no leak, and success at the
 * end.
 */
static void test_no_memory(void)
{
	char got[512];
	int r = SHMPUB_ERR_NOMEM;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		long n = 0;

		for (r = SHMPUB_ERR_NOMEM; r == SHMPUB_ERR_NOMEM && n < 100; n++) {
			mem_fail_after(n);
			r = run(got, cases[i].words);
			mem_fail_after(-1);
			CHECK_INT(cases[i].label, mem_live(), 0);
		}
		CHECK_INT(cases[i].label, r, SHMPUB_OK);
		CHECK("several could fail", n > 4);
		CHECK_STR(cases[i].label, got, cases[i].want);
	}
}

/* A word whose memory was refused is not in the dictionary, and can be put later. */
static void test_put_again(void)
{
	struct dictionary d = DICTIONARY_NONE;
	uint32_t code;
	char word[300];
	int r;

	memset(word, 'w', sizeof(word));
	dictionary_put(&d, &code, span_str("a"), NULL);
	mem_fail_after(0);
	r = dictionary_put(&d, &code, span_of(word, sizeof(word)), NULL);
	mem_fail_after(-1);
	CHECK_INT("no room for its bytes", r, SHMPUB_ERR_NOMEM);
	CHECK_INT("it is not there", d.n, 1);
	CHECK_INT("again", dictionary_put(&d, &code, span_of(word, sizeof(word)), NULL), SHMPUB_OK);
	CHECK_INT("its code", code, 1);
	CHECK_INT("found", dictionary_put(&d, &code, span_of(word, sizeof(word)), NULL), SHMPUB_OK);
	CHECK_INT("its code", code, 1);
	dictionary_free(&d);
}

/*
 * A recent word has the code that the dictionary gives it, whatever bytes come after it. Words
 * differ in one byte, in their size, or in zeros at their end.
 */
static void test_recent(void)
{
	struct dictionary d = DICTIONARY_NONE;
	uint32_t state = 1, found = 0, code = 0, want;
	char text[RECENT_MAX + RECENT_READ];

	for (int i = 0; i < 100000; i++) {
		const bool has_words = d.recent != NULL;
		struct span word;
		bool is_recent;

		for (size_t k = 0; k < sizeof(text); k++) {
			state = state * 1664525 + 1013904223;
			text[k] = (state >> 24) < 8 ? 'a' : '\0';
		}
		word = span_of(text, (state >> 8) % (RECENT_MAX + 1));
		is_recent = has_words && recent_find(&code, d.recent, word);
		CHECK_INT("put", dictionary_put(&d, &want, word, NULL), SHMPUB_OK);
		if (is_recent)
			CHECK_INT("code of a recent word", code, want);
		found += is_recent;
		recent_add(d.recent, word, want);
		CHECK("the last word", recent_find(&code, d.recent, word) && code == want);
	}
	CHECK("some are recent, and some are not", found > 20000 && found < 99000);
	dictionary_free(&d);
}

int main(void)
{
	test_cases();
	test_options();
	test_nothing();
	test_codes();
	test_no_memory();
	test_put_again();
	test_recent();
	return check_report();
}
