#include "csv/dtype.h"

/* Of two words for one dtype the first is its name. */
static const struct {
	const char *word;
	enum csv_dtype dtype;
} dtypes[] = {
	{ "int64", CSV_DTYPE_INT64 },       { "int", CSV_DTYPE_INT64 },
	{ "float64", CSV_DTYPE_FLOAT64 },   { "float", CSV_DTYPE_FLOAT64 },
	{ "bool", CSV_DTYPE_BOOL },         { "str", CSV_DTYPE_STR },
	{ "category", CSV_DTYPE_CATEGORY }, { "timestamp", CSV_DTYPE_TIMESTAMP },
};

const char *csv_dtype_name(enum csv_dtype dtype)
{
	for (size_t i = 0; i < ARRAY_LEN(dtypes); i++) {
		if (dtypes[i].dtype == dtype)
			return dtypes[i].word;
	}
	return "any type";
}

bool csv_dtype_parse(enum csv_dtype *out, struct span value)
{
	for (size_t i = 0; i < ARRAY_LEN(dtypes); i++) {
		if (span_is(value, dtypes[i].word)) {
			*out = dtypes[i].dtype;
			return true;
		}
	}
	return false;
}
