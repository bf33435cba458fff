/* Tests lib/types/evidence: the type that pandas infers, also if the column is split and joined. */
#include "base/alloc.h"
#include "types/evidence.h"
#include "options_text.h"

#define DIGITS "00000000000000000000"

/*
 * `cells` have `|` between them; NA and the empty cell are null. `want` is the verdict as
 * heap_sink.h prints types: i u f b s n, ! for a special kind, " for text in which NA is a word.
 */
static const struct {
	const char *label, *options, *cells, *want;
} cases[] = {
	{ "no cell", "", NULL, "n" },
	{ "integers", "", "1|-2|+3| 4 ", "i" },
	{ "the ends of int64", "", "9223372036854775807|-9223372036854775808", "i" },
	{ "integers and NA", "", "1|NA", "f" },
	{ "NA alone", "", "NA|", "f" },
	{ "a fraction", "", "1|2.5", "f" },
	{ "a fraction first", "", "2.5|1", "f" },
	{ "infinity", "", "1|-inf", "f" },
	{ "fractions", "", "1.5|-2.25|.5|7.|3", "f" },
	{ "fractions, then text", "", "1.5|-2.25|3|x", "s" },
	{ "fractions, then what is none", "", "1.5|2|3.4.5", "s" },
	{ "fractions, then a point alone", "", "1.5|2|.", "s" },
	{ "fractions, then a sign alone", "", "1.5|2|-", "s" },
	{ "a fraction, then 18 and 20 digits", "", "1.5|999999999999999999|99999999999999999999",
	  "f" },
	{ "beyond, a fraction, numbers", "", "99999999999999999999|1.5|2|-3|1.25", "s\"" },
	{ "above int64, a fraction, numbers", "", "18446744073709551615|1.5|2|-3", "f" },
	{ "text", "", "1|x", "s" },
	{ "text and NA", "", "x|NA", "s" },
	{ "a number that goes on", "", "1|2x", "s" },

	{ "above int64", "", "1|9223372036854775808", "u" },
	{ "the end of uint64", "", "18446744073709551615|0", "u" },
	{ "above int64 and NA", "", "18446744073709551615|NA", "s\"" },
	{ "above int64 and negative", "", "18446744073709551615|-1", "s\"" },
	{ "above int64, then a fraction", "", "18446744073709551615|1.5", "f" },
	{ "a fraction, then above int64", "", "1.5|18446744073709551615", "f" },
	{ "above int64, then text", "", "18446744073709551615|x", "s" },
	{ "below int64", "", "1|-9223372036854775809", "s!" },

	{ "beyond 64 bits", "", "99999999999999999999|1", "s!" },
	{ "beyond 64 bits and NA", "", "99999999999999999999|NA", "s!" },
	{ "beyond 64 bits, then text", "", "99999999999999999999|x", "s\"" },
	{ "text, then beyond 64 bits", "", "x|99999999999999999999", "s" },
	{ "beyond 64 bits, then a fraction", "", "99999999999999999999|1.5", "s\"" },
	{ "a fraction, then beyond 64 bits", "", "1.5|99999999999999999999", "f" },
	{ "above int64, a fraction, beyond", "", "18446744073709551615|1.5|99999999999999999999",
	  "f" },
	{ "above int64, beyond, a fraction", "", "18446744073709551615|99999999999999999999|1.5",
	  "s\"" },

	{ "all beyond", "", "9" DIGITS "|1" DIGITS "|2" DIGITS, "s!" },
	{ "beyond, with a sign, NA", "", "9" DIGITS "|1" DIGITS "|-2" DIGITS "|NA", "s!" },
	{ "above int64, then all beyond", "", "1844674407370955161|9" DIGITS "|1" DIGITS, "s!" },
	{ "a fraction among all beyond", "", "9" DIGITS "|1" DIGITS ".5|2" DIGITS, "s\"" },
	{ "a fraction, then all beyond", "", "1.5|9" DIGITS "|1" DIGITS, "f" },
	{ "text, then all beyond", "", "x|9" DIGITS "|1" DIGITS, "s" },
	{ "all beyond, then text", "", "9" DIGITS "|1" DIGITS "|1" DIGITS "x", "s\"" },
	{ "a word for NA beyond", "na_values=1" DIGITS, "9" DIGITS "|1" DIGITS, "s!" },
	{ "a word for truth beyond", "true_values=1" DIGITS, "1" DIGITS "|True|1" DIGITS, "s\"" },

	{ "truth", "", "True|FALSE|true", "b" },
	{ "truth and NA", "", "True|NA", "b!" },
	{ "truth and numbers", "", "True|1", "s" },
	{ "numbers and truth", "", "1|True", "s" },
	{ "truth and text", "", "True|maybe", "s" },
	{ "own words for truth", "true_values=ja\nfalse_values=nein", "ja|nein|True", "b" },
	{ "own words that are numbers", "true_values=1\nfalse_values=0", "1|0", "i" },

	{ "thousands", "thousands=comma", "1,000|2", "i" },
	{ "thousands without the option", "", "1,000|2", "s" },
	{ "a comma for the point", "decimal=comma", "1,5|2", "f" },
	{ "and the point then", "decimal=comma", "1.5|2", "s" },

	{ "own words for NA", "na_values=-", "1|-", "f" },
	{ "no default words", "keep_default_na=no", "1|NA", "s" },
	{ "no default words, an empty cell", "keep_default_na=no", "1|", "s" },
};

static const char *print(char out[8], const struct evidence *e)
{
	struct verdict v = evidence_verdict(e);

	snprintf(out, 8, "%c%s", "nbiufts"[v.type],
	         v.kind                      ? "!"
	         : v.reading == READ_LITERAL ? "\""
	                                     : "");
	return out;
}

/* Plans a column `c`: so the words and rules are those that the engine makes of the options. */
static void init_columns(struct columns *s, struct header *h, struct csv_dialect *dialect,
                         const struct csv_options *o)
{
	bool is_cut;
	csv_dialect_init(dialect, o);
	if (header_read(h, &is_cut, span_str("c\n1\n"), dialect, o, NULL) ||
	    columns_init(s, h, o, NULL))
		abort();
}

static size_t split(struct span cells[8], const char *text)
{
	size_t n = 0;

	for (; text; n++) {
		const char *stop = strchr(text, '|');

		cells[n] = stop ? span_of(text, (size_t)(stop - text)) : span_str(text);
		text = stop ? stop + 1 : NULL;
	}
	return n;
}

/* Adds the cells from..to; rows count from the beginning of the column. */
static struct evidence look(const struct columns *s, const struct span *cells, size_t from,
                            size_t to)
{
	struct evidence e = EVIDENCE_NONE;
	char scratch[64];

	for (size_t i = from; i < to; i++)
		evidence_add(&e, &s->columns[0], s, cells[i], i, scratch);
	return e;
}

/* The same without those that can add nothing. */
static struct evidence look_sparingly(const struct columns *s, const struct span *cells,
                                      size_t from, size_t to)
{
	struct evidence e = EVIDENCE_NONE;
	char scratch[64];

	for (size_t i = from; i < to; i++) {
		if (!evidence_is_spared(&e, &s->columns[0], cells[i]))
			evidence_add(&e, &s->columns[0], s, cells[i], i, scratch);
	}
	return e;
}

static void check_case(size_t i, const struct columns *s)
{
	struct span cells[8];
	size_t n = split(cells, cases[i].cells);
	struct evidence whole = look(s, cells, 0, n);
	char got[8];

	CHECK_STR(cases[i].label, print(got, &whole), cases[i].want);
	CHECK_INT(cases[i].label, whole.n_values + whole.n_nulls, n);
	for (size_t at = 0; at <= n; at++) {
		struct evidence a = look(s, cells, 0, at), b = look(s, cells, at, n), c = b;

		evidence_join(&c, &a);
		evidence_join(&a, &b);
		CHECK_STR(cases[i].label, print(got, &a), cases[i].want);
		CHECK_STR(cases[i].label, print(got, &c), cases[i].want);
		CHECK_INT(cases[i].label, a.n_nulls, whole.n_nulls);
		a = look_sparingly(s, cells, 0, at);
		b = look_sparingly(s, cells, at, n);
		evidence_join(&b, &a);
		CHECK_STR(cases[i].label, print(got, &b), cases[i].want);
	}
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct csv_options *o = options_of(cases[i].options);
		struct csv_dialect dialect;
		struct header h;
		struct columns s;

		init_columns(&s, &h, &dialect, o);
		check_case(i, &s);
		columns_free(&s);
		header_free(&h);
		csv_options_free(o);
		CHECK_INT(cases[i].label, mem_live(), 0);
	}
}

/* When a column is certainly text, cells are only counted: no cell could change its type. */
static void test_certain_text(void)
{
	static const char *const later[] = { "1", "x", "True", "99999999999999999999", "NA" };
	struct csv_options *o = options_of("");
	struct csv_dialect dialect;
	struct header h;
	struct columns s;
	struct span cells[3] = { span_str("1"), span_str("x") };
	struct evidence e;
	char got[8];

	init_columns(&s, &h, &dialect, o);
	e = look(&s, cells, 0, 1);
	CHECK("a number may become anything", !e.is_text);
	e = look(&s, cells, 0, 2);
	CHECK("text is certain", e.is_text);
	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		cells[2] = span_str(later[i]);
		e = look(&s, cells, 0, 3);
		CHECK_STR(later[i], print(got, &e), "s");
	}
	cells[0] = span_str("99999999999999999999");
	e = look(&s, cells, 0, 2);
	CHECK("not while NA words may turn out to be text", !e.is_text);
	columns_free(&s);
	header_free(&h);
	csv_options_free(o);
}

int main(void)
{
	test_cases();
	test_certain_text();
	return check_report();
}
