/* daemon/article_segment: which columns, and exact values or a refusal. */
#include "unit/check.h"

#include <math.h>
#include "article_segment.h"

/* --- values ------------------------------------------------------------------------------------ */

static const int64_t int_values[] = {
	0, -1, 127, 128, -128, -129, INT32_MAX, INT64_MIN, INT64_MAX
};
static const uint64_t uint_values[] = { 0, 255, 256, UINT64_MAX };
static const double float_values[] = {
	0.0, -0.0, 1.0, 1.5, -3.0, 1e300, 9223372036854775808.0, -1e19, 255.0, 3e38, INFINITY
};
static const uint8_t bool_values[] = { 0x02 };
static const uint8_t validity[] = { 0x01, 0x00 }; /* only row 0 */

static const struct shmpub_column ints = {
	.name = "ints", .name_size = 4, .type = SHMPUB_INT64, .values = int_values
};
static const struct shmpub_column uints = {
	.name = "uints", .name_size = 5, .type = SHMPUB_UINT64, .values = uint_values
};
static const struct shmpub_column floats = {
	.name = "floats", .name_size = 6, .type = SHMPUB_FLOAT64, .values = float_values
};
static const struct shmpub_column bools = {
	.name = "bools", .name_size = 5, .type = SHMPUB_BOOL, .values = bool_values
};
static const struct shmpub_column gaps = { .name = "gaps",
	                                   .name_size = 4,
	                                   .type = SHMPUB_INT64,
	                                   .values = int_values,
	                                   .validity = validity };

static const struct {
	const char *label;
	const struct shmpub_column *column;
	uint64_t row;
	enum array_dtype dtype;
	const char *want; /* as %g after reading it back; "refused: ..." the message */
} values[] = {
	{ "int8 most", &ints, 2, ARRAY_INT8, "127" },
	{ "int8 least", &ints, 4, ARRAY_INT8, "-128" },
	{ "int8 over", &ints, 3, ARRAY_INT8, "row 4, column 'ints': 128 is not within int8" },
	{ "int8 under", &ints, 5, ARRAY_INT8, "row 6, column 'ints': -129 is not within int8" },
	{ "uint8 negative", &ints, 1, ARRAY_UINT8, "row 2, column 'ints': -1 is not within uint8" },
	{ "int32 most", &ints, 6, ARRAY_INT32, "2147483647" },
	{ "int64 least", &ints, 7, ARRAY_INT64, "-9223372036854775808" },
	{ "uint64 of int64", &ints, 8, ARRAY_UINT64, "9223372036854775807" },
	{ "uint64 negative", &ints, 7, ARRAY_UINT64,
	  "row 8, column 'ints': -9223372036854775808 is not within uint64" },
	{ "float of int", &ints, 1, ARRAY_FLOAT64, "-1" },
	{ "uint8 most", &uints, 1, ARRAY_UINT8, "255" },
	{ "uint8 over", &uints, 2, ARRAY_UINT8, "row 3, column 'uints': 256 is not within uint8" },
	{ "uint64 most", &uints, 3, ARRAY_UINT64, "18446744073709551615" },
	{ "int64 over", &uints, 3, ARRAY_INT64,
	  "row 4, column 'uints': 18446744073709551615 is not within int64" },
	{ "whole float", &floats, 2, ARRAY_INT16, "1" },
	{ "negative zero", &floats, 1, ARRAY_UINT8, "0" },
	{ "part of a number", &floats, 3, ARRAY_INT16,
	  "row 4, column 'floats': 1.5 is not within int16" },
	{ "negative float", &floats, 4, ARRAY_INT8, "-3" },
	{ "2^63 as int64", &floats, 6, ARRAY_INT64,
	  "row 7, column 'floats': 9223372036854775808 is not within int64" },
	{ "2^63 as uint64", &floats, 6, ARRAY_UINT64, "9223372036854775808" },
	{ "-1e19", &floats, 7, ARRAY_INT64, "row 8, column 'floats': -1e+19 is not within int64" },
	{ "infinity as int", &floats, 10, ARRAY_INT64,
	  "row 11, column 'floats': inf is not within int64" },
	{ "infinity", &floats, 10, ARRAY_FLOAT32, "inf" },
	{ "1e300 as float32", &floats, 5, ARRAY_FLOAT32,
	  "row 6, column 'floats': 1.0000000000000001e+300 is not within float32" },
	{ "float64", &floats, 3, ARRAY_FLOAT64, "1.5" },
	{ "bool", &bools, 1, ARRAY_INT32, "1" },
	{ "bool", &bools, 0, ARRAY_UINT8, "0" },
	{ "there", &gaps, 0, ARRAY_INT32, "0" },
	{ "missing", &gaps, 1, ARRAY_INT32,
	  "row 2, column 'gaps': a missing value is not within int32" },
	{ "missing float", &gaps, 1, ARRAY_FLOAT64, "nan" },
	{ "missing float32", &gaps, 1, ARRAY_FLOAT32, "nan" },
};

#define SHOW(type, format, cast)                                                                   \
	do {                                                                                       \
		type v;                                                                            \
		memcpy(&v, bytes, sizeof(v));                                                      \
		snprintf(out, size, format, (cast)v);                                              \
	} while (0)

static void show(char *out, size_t size, enum array_dtype dtype, const void *bytes)
{
	switch (dtype) {
	case ARRAY_INT8:
		SHOW(int8_t, "%lld", long long);
		break;
	case ARRAY_INT16:
		SHOW(int16_t, "%lld", long long);
		break;
	case ARRAY_INT32:
		SHOW(int32_t, "%lld", long long);
		break;
	case ARRAY_INT64:
		SHOW(int64_t, "%lld", long long);
		break;
	case ARRAY_UINT8:
		SHOW(uint8_t, "%llu", unsigned long long);
		break;
	case ARRAY_UINT64:
		SHOW(uint64_t, "%llu", unsigned long long);
		break;
	case ARRAY_FLOAT32:
		SHOW(float, "%g", double);
		break;
	default:
		SHOW(double, "%g", double);
	}
}

static void test_values(void)
{
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char got[SHMPUB_ERROR_SIZE], bytes[8] = { 0 };
		struct shmpub_error err;
		int r = article_value(bytes, values[i].dtype, values[i].column, values[i].row,
		                      &err);

		if (r) {
			CHECK_INT(values[i].label, r, SHMPUB_ERR_CSV);
			snprintf(got, sizeof(got), "%s", err.message);
		} else {
			show(got, sizeof(got), values[i].dtype, bytes);
		}
		CHECK_STR(values[i].label, got, values[i].want);
	}
}

/* --- columns ----------------------------------------------------------------------------------- */

static const struct {
	const char *label;
	const char *names;
	const char *want; /* the columns' names; or the message */
} choices[] = {
	{ "all numbers, no index", NULL, "ints floats " },
	{ "named", "floats,ints", "floats ints " },
	{ "blanks", " floats , ints ", "floats ints " },
	{ "an index level", "level", "level " },
	{ "bool when named", "bools", "bools " },
	{ "twice", "ints,ints", "ints ints " },
	{ "text", "text", "array_columns: column 'text' is not numbers" },
	{ "codes", "codes", "array_columns: column 'codes' is not numbers" },
	{ "absent", "ints,inst", "array_columns: no column 'inst'" },
	{ "nothing between commas", "ints,,floats", "array_columns: no column ''" },
	{ "too many", "ints,ints,ints,ints,ints,ints,ints",
	  "array_columns: more names than columns" },
};

static void test_columns(void)
{
	struct shmpub_column columns[] = {
		{ .name = "level", .name_size = 5, .type = SHMPUB_INT64, .index = 1 },
		{ .name = "text", .name_size = 4, .type = SHMPUB_TEXT },
		{ .name = "codes", .name_size = 5, .type = SHMPUB_INT64, .dictionary = &ints },
		ints,
		bools,
		floats,
	};
	struct table table = { .n_columns = ARRAY_LEN(columns), .columns = columns };
	struct table none = { .n_columns = 2, .columns = columns };
	const struct shmpub_column *got[ARRAY_LEN(columns)];
	struct shmpub_error err;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		char line[SHMPUB_ERROR_SIZE] = "";

		if (article_columns(got, &n, &table, choices[i].names, &err) == SHMPUB_OK) {
			for (size_t k = 0; k < n; k++) {
				strcat(line, got[k]->name);
				strcat(line, " ");
			}
		} else {
			snprintf(line, sizeof(line), "%s", err.message);
		}
		CHECK_STR(choices[i].label, line, choices[i].want);
	}
	CHECK_INT("no numbers", article_columns(got, &n, &none, NULL, &err), SHMPUB_ERR_CSV);
}

int main(void)
{
	test_values();
	test_columns();
	return check_report();
}
