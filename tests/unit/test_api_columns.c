#include "shmpub/shmpub.h"

#include <math.h>
#include "base/span.h"
#include "columns/table.h"
#include "unit/api.h"

/* What shmpub_publish_columns() takes, and what it refuses because no reader could open it. */

static const int64_t numbers[] = { 1, 2, 3 };
static const uint8_t bits[] = { 5 };
static const char text[] = "onetwo\xFF";
static const int64_t offsets[] = { 0, 3, 3, 6 };
static const int64_t falling[] = { 0, 3, 2, 6 };
static const int64_t negative[] = { -1, 0, 0, 0 };
static const int64_t to_the_bad_byte[] = { 0, 3, 6, 7 };
static const uint8_t codes[] = { 0, 1, 2 };
static const uint8_t wide_codes[] = { 0, 1, 3 };
static const uint8_t all_there[] = { 7 };
static const uint8_t last_missing[] = { 3 };
static const struct shmpub_column words = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = text
};
static const struct shmpub_column nested = {
	.type = SHMPUB_TEXT, .n_rows = 3, .values = codes, .code_size = 1, .dictionary = &words
};
static const struct shmpub_column holed = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = text, .validity = last_missing
};

static const char same_words[] = "oneone";
static const struct shmpub_column twins = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = offsets, .text = same_words
};
static const double halves[] = { 0.5, 1.5, 0.5 }, zeros[] = { 0.0, -0.0, 1.0 };
static const double no_numbers[] = { 0.5, 1.5, NAN };
static const int64_t no_moments[] = { 1, 2, INT64_MIN };
static const struct shmpub_column same_floats = { .type = SHMPUB_FLOAT64,
	                                          .n_rows = 3,
	                                          .values = halves };
static const struct shmpub_column both_zeros = { .type = SHMPUB_FLOAT64,
	                                         .n_rows = 3,
	                                         .values = zeros };
static const struct shmpub_column with_nan = { .type = SHMPUB_FLOAT64,
	                                       .n_rows = 3,
	                                       .values = no_numbers };
static const struct shmpub_column with_nat = { .type = SHMPUB_TIMESTAMP,
	                                       .n_rows = 3,
	                                       .values = no_moments };
static const char integers[] = "-12+70007";
static const int64_t integer_offsets[] = { 0, 3, 5, 9 };

#define NAMED .name = "c", .name_size = 1
#define PLAIN NAMED

static const struct {
	const char *label;
	struct shmpub_column column;
	const char *rule; /* in the message; NULL: it may pass */
} columns[] = {
	{ "int64", { PLAIN, .type = SHMPUB_INT64, .values = numbers }, NULL },
	{ "uint64", { PLAIN, .type = SHMPUB_UINT64, .values = numbers }, NULL },
	{ "float64 with nulls",
	  { PLAIN, .type = SHMPUB_FLOAT64, .values = numbers, .validity = bits },
	  NULL },
	{ "bool", { PLAIN, .type = SHMPUB_BOOL, .values = bits }, NULL },
	{ "bool objects",
	  { PLAIN, .type = SHMPUB_BOOL, .kind = SHMPUB_KIND_BOOL, .values = bits,
	    .validity = bits },
	  NULL },
	{ "text", { PLAIN, .type = SHMPUB_TEXT, .offsets = offsets, .text = text }, NULL },
	{ "null", { PLAIN, .type = SHMPUB_NULL }, NULL },
	{ "naive time",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .unit = SHMPUB_NANOSECOND, .values = numbers },
	  NULL },
	{ "UTC", { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "UTC", .values = numbers }, NULL },
	{ "offset",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "-05:30", .values = numbers },
	  NULL },
	{ "zone by name",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "America/Argentina/Buenos_Aires",
	    .values = numbers },
	  NULL },
	{ "integers of any size",
	  { PLAIN, .type = SHMPUB_TEXT, .kind = SHMPUB_KIND_INT, .offsets = integer_offsets,
	    .text = integers },
	  NULL },
	{ "an integer as label",
	  { .name = "9223372036854775807",
	    .name_size = 19,
	    .type = SHMPUB_INT64,
	    .values = numbers,
	    .is_integer_name = 1 },
	  NULL },
	{ "category",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &words },
	  NULL },
	{ "a wild code under a null",
	  { PLAIN, .type = SHMPUB_TEXT, .values = wide_codes, .code_size = 1, .dictionary = &words,
	    .validity = last_missing },
	  NULL },
	{ "validity of all ones",
	  { PLAIN, .type = SHMPUB_INT64, .values = numbers, .validity = all_there },
	  NULL },
	{ "an index", { NAMED, .type = SHMPUB_INT64, .values = numbers, .index = 1 }, NULL },
	{ "an unnamed index",
	  { .type = SHMPUB_INT64, .values = numbers, .index = 1, .is_unnamed = 1 },
	  NULL },

	{ "no values", { PLAIN, .type = SHMPUB_INT64 }, "values are missing" },
	{ "crooked values",
	  { PLAIN, .type = SHMPUB_INT64, .values = (const char *)numbers + 4 },
	  "aligned" },
	{ "no offsets", { PLAIN, .type = SHMPUB_TEXT, .text = text }, "offsets are missing" },
	{ "no text", { PLAIN, .type = SHMPUB_TEXT, .offsets = offsets }, "text is missing" },
	{ "falling offsets",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = falling, .text = text },
	  "offsets fall" },
	{ "negative offsets",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = negative, .text = text },
	  "below 0" },
	{ "bad UTF-8",
	  { PLAIN, .type = SHMPUB_TEXT, .offsets = to_the_bad_byte, .text = text },
	  "not UTF-8" },
	{ "bad UTF-8 in the name",
	  { .name = "\xFF", .name_size = 1, .type = SHMPUB_NULL },
	  "name is not UTF-8" },
	{ "no type", { PLAIN, .type = (enum shmpub_type)77, .values = numbers }, "type" },
	{ "no unit",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .unit = (enum shmpub_unit)9, .values = numbers },
	  "unit" },
	{ "no kind",
	  { PLAIN, .type = SHMPUB_INT64, .kind = (enum shmpub_kind)9, .values = numbers },
	  "kind" },
	{ "kind int of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .kind = SHMPUB_KIND_INT, .values = numbers },
	  "kind int" },
	{ "kind bool of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .kind = SHMPUB_KIND_BOOL, .values = numbers },
	  "kind bool" },
	{ "zone of numbers",
	  { PLAIN, .type = SHMPUB_INT64, .timezone = "UTC", .values = numbers },
	  "time zone" },
	{ "zone of 25 hours",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "+25:00", .values = numbers },
	  "time zone" },
	{ "code outside",
	  { PLAIN, .type = SHMPUB_TEXT, .values = wide_codes, .code_size = 1,
	    .dictionary = &words },
	  "outside the dictionary" },
	{ "code of 3 bytes",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 3, .dictionary = &words },
	  "code_size" },
	{ "dictionary of another type",
	  { PLAIN, .type = SHMPUB_INT64, .values = codes, .code_size = 1, .dictionary = &words },
	  "another one" },
	{ "dictionary of a dictionary",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &nested },
	  "has a dictionary" },
	{ "dictionary with nulls",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &holed },
	  "has nulls" },
	{ "a text twice",
	  { PLAIN, .type = SHMPUB_TEXT, .values = codes, .code_size = 1, .dictionary = &twins },
	  "a value twice" },
	{ "a float twice",
	  { PLAIN, .type = SHMPUB_FLOAT64, .values = codes, .code_size = 1,
	    .dictionary = &same_floats },
	  "a value twice" },
	{ "both zeros",
	  { PLAIN, .type = SHMPUB_FLOAT64, .values = codes, .code_size = 1,
	    .dictionary = &both_zeros },
	  "a value twice" },
	{ "NaN in a dictionary",
	  { PLAIN, .type = SHMPUB_FLOAT64, .values = codes, .code_size = 1,
	    .dictionary = &with_nan },
	  "NaN" },
	{ "NaT in a dictionary",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .values = codes, .code_size = 1,
	    .dictionary = &with_nat },
	  "NaT" },
	{ "kind int of words",
	  { PLAIN, .type = SHMPUB_TEXT, .kind = SHMPUB_KIND_INT, .offsets = offsets, .text = text },
	  "no integer" },
	{ "zone of no form",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "Europe//Berlin", .values = numbers },
	  "time zone" },
	{ "zone Z",
	  { PLAIN, .type = SHMPUB_TIMESTAMP, .timezone = "Z", .values = numbers },
	  "time zone" },
	{ "a label that is no integer",
	  { PLAIN, .type = SHMPUB_INT64, .values = numbers, .is_integer_name = 1 },
	  "no integer" },
	{ "a label that another name means too",
	  { .name = "007",
	    .name_size = 3,
	    .type = SHMPUB_INT64,
	    .values = numbers,
	    .is_integer_name = 1 },
	  "leading zeros" },
	{ "a label below 0",
	  { .name = "-7",
	    .name_size = 2,
	    .type = SHMPUB_INT64,
	    .values = numbers,
	    .is_integer_name = 1 },
	  "no integer" },
	{ "a label beyond int64",
	  { .name = "9223372036854775808",
	    .name_size = 19,
	    .type = SHMPUB_INT64,
	    .values = numbers,
	    .is_integer_name = 1 },
	  "no integer" },
	{ "an integer that is no name",
	  { .type = SHMPUB_INT64,
	    .values = numbers,
	    .index = 1,
	    .is_unnamed = 1,
	    .is_integer_name = 1 },
	  "no name" },
	{ "level 1 alone",
	  { NAMED, .type = SHMPUB_INT64, .values = numbers, .index = 2 },
	  "index levels" },
	{ "level -2",
	  { NAMED, .type = SHMPUB_INT64, .values = numbers, .index = -1 },
	  "index is below 0" },
	{ "unnamed column",
	  { PLAIN, .is_unnamed = 1, .type = SHMPUB_INT64, .values = numbers },
	  "unnamed" },
};

static void test_columns(void)
{
	struct shmpub_publisher *p = open_publisher();

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		struct shmpub_error err = { 0 };
		int r = shmpub_publish_columns(p, "t", &columns[i].column, 1, 3, NULL, &err);
		struct shmpub_snapshot *s;

		CHECK_INT(columns[i].label, r,
		          columns[i].rule == NULL ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		if (columns[i].rule != NULL) {
			CHECK(columns[i].label, strstr(err.message, columns[i].rule) != NULL);
			continue;
		}
		s = newest("t");
		CHECK_INT(columns[i].label, s != NULL ? shmpub_verify(s, &err) : -1, SHMPUB_OK);
		CHECK_STR(columns[i].label, err.message, "");
		CHECK_INT(columns[i].label, s != NULL ? shmpub_rows(s) : 0, 3);
		shmpub_release(s);
	}
	shmpub_publisher_close(p);
}

static void test_sets(void)
{
	static const struct shmpub_column twice[] = {
		{ PLAIN, .type = SHMPUB_INT64, .values = numbers },
		{ PLAIN, .type = SHMPUB_FLOAT64, .values = numbers },
	};
	static const struct shmpub_column levels[] = {
		{ .name = "a",
		  .name_size = 1,
		  .type = SHMPUB_INT64,
		  .values = numbers,
		  .index = 2 },
		{ .name = "b",
		  .name_size = 1,
		  .type = SHMPUB_INT64,
		  .values = numbers,
		  .index = 2 },
	};
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_error err;

	CHECK_INT("a name twice", shmpub_publish_columns(p, "t", twice, 2, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK("told", strstr(err.message, "twice") != NULL);
	CHECK_INT("a level twice", shmpub_publish_columns(p, "t", levels, 2, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("no columns", shmpub_publish_columns(p, "t", NULL, 0, 3, NULL, &err),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("no rows", shmpub_publish_columns(p, "t", twice, 1, 0, NULL, &err), SHMPUB_OK);
	CHECK_INT("too many rows", shmpub_publish_columns(p, "t", twice, 1, UINT64_MAX, NULL, &err),
	          SHMPUB_ERR_INVALID);
	shmpub_publisher_close(p);
}

/* What readers find under nulls: NaN, the least integer, code 0; docs/FORMAT.md promises it. */
static void test_nulls(void)
{
	static const uint32_t wide[] = { 0, 1, 77 };
	const struct shmpub_column set[] = {
		{ .name = "f",
		  .name_size = 1,
		  .type = SHMPUB_FLOAT64,
		  .values = numbers,
		  .validity = last_missing },
		{ .name = "t",
		  .name_size = 1,
		  .type = SHMPUB_TIMESTAMP,
		  .values = numbers,
		  .validity = last_missing },
		{ .name = "d",
		  .name_size = 1,
		  .type = SHMPUB_TEXT,
		  .values = wide,
		  .code_size = 4,
		  .dictionary = &words,
		  .validity = last_missing },
	};
	struct shmpub_publisher *p = open_publisher();
	struct shmpub_snapshot *s;
	const struct shmpub_column *c;
	double f;

	CHECK_INT("publish", shmpub_publish_columns(p, "t", set, 3, 3, NULL, NULL), SHMPUB_OK);
	s = newest("t");
	CHECK("there", s != NULL);
	c = shmpub_column_named(s, "f");
	f = ((const double *)c->values)[2];
	CHECK("NaN", f != f);
	CHECK_INT("one null", c->null_count, 1);
	CHECK("NaT", ((const int64_t *)shmpub_column_named(s, "t")->values)[2] == INT64_MIN);
	c = shmpub_column_named(s, "d");
	CHECK_INT("the smallest codes", c->code_size, 1);
	CHECK_INT("code 0", ((const uint8_t *)c->values)[2], 0);
	CHECK_INT("code 1", ((const uint8_t *)c->values)[1], 1);
	CHECK("no such column", shmpub_column_named(s, "nope") == NULL);
	shmpub_release(s);
	shmpub_publisher_close(p);
}

int main(void)
{
	scratch_open(&scratch, memory_below);
	test_columns();
	test_sets();
	test_nulls();
	scratch_close(&scratch);
	return check_report();
}
