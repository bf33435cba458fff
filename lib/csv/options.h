/*
 * How a CSV text is to be read: the options of pandas.read_csv, under its names.
 *
 * One table of keys serves the daemon's ini files and programs that publish CSV
 * text: csv_options_set() takes the text of one option. Where pandas takes a list, the
 * text is one CSV record: `a, b, "c, d"`. An item of digits is a position, a quoted
 * item always a name.
 *
 * Threads: built by one thread, then only read.
 */
#ifndef SHMPUB_CSV_OPTIONS_H
#define SHMPUB_CSV_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

#define CSV_MAX_COLUMNS 1000000u

struct csv_options;

/* True when `key` (index_col, dtype.NAME, ...) is an option of this table. */
bool csv_options_has(struct span key);
/* The key that `key` is another name of, or `key` itself: pandas has sep and delimiter. */
static inline struct span csv_options_plain(struct span key)
{
	return span_is(key, "sep") ? span_str("delimiter") : key;
}
/* SHMPUB_ERR_INVALID with what was expected; the options are then unchanged. */
int csv_options_set(struct csv_options *o, struct span key, struct span value,
                    struct shmpub_error *err);
/* Every option at its default. */
int csv_options_new(struct csv_options **out, struct shmpub_error *err);
void csv_options_free(struct csv_options *o);
/* The i-th key ("dtype." for the family), NULL past the last: for "nearest known name". */
const char *csv_options_key(size_t i);

/* --- what the engine reads; nobody else needs to ------------------------------------------- */

/* A column by name or by position, or just a word. */
struct csv_item {
	struct span text; /* owned by the options */
	bool is_position; /* digits, and not quoted */
	uint64_t position;
};

struct csv_items {
	struct csv_item *items;
	size_t n;
	bool is_given;
};

enum csv_dtype {
	CSV_DTYPE_AUTO = 0,
	CSV_DTYPE_INT64,
	CSV_DTYPE_FLOAT64,
	CSV_DTYPE_BOOL,
	CSV_DTYPE_STR,
	CSV_DTYPE_CATEGORY,
	CSV_DTYPE_TIMESTAMP,
};

enum csv_encoding {
	CSV_UTF8 = 0,
	CSV_ASCII,
	CSV_LATIN1,
	CSV_CP1252,
	CSV_UTF16, /* with a byte order mark */
	CSV_UTF16LE,
	CSV_UTF16BE,
};

/* What was said of one column, by a key such as dtype.NAME. */
struct csv_column_option {
	struct csv_item column;
	enum csv_dtype dtype;
	struct csv_items na_values;   /* is_given: na_values.NAME */
	struct csv_items date_format; /* at most one item */
};

struct csv_options {
	char delimiter;
	bool is_whitespace; /* runs of spaces and tabs separate fields */
	char quote;         /* 0: quotes are ordinary bytes */
	char comment;       /* 0: none */
	char thousands;     /* 0: none */
	char decimal;
	bool skips_spaces; /* skipinitialspace */
	bool skips_bad_lines;
	bool has_header;
	uint64_t header;      /* the header's place among the lines that are not blank */
	bool is_header_given; /* else names alone mean that there is none */
	struct csv_items names, usecols, index_col, parse_dates;
	bool parses_index; /* parse_dates = yes */
	struct csv_items date_format;
	struct csv_items na_values, true_values, false_values;
	bool keeps_default_na;
	struct csv_items skiprows; /* ascending */
	bool skips_list;           /* line numbers from 0; else one number of lines */
	enum csv_encoding encoding;
	uint64_t max_columns;
	enum csv_dtype dtype; /* of every column that is not named */
	struct csv_column_option *columns;
	size_t n_columns;
};

/* Which of the families a record must say something of. */
enum csv_family { CSV_FAMILY_DTYPE, CSV_FAMILY_NA_VALUES, CSV_FAMILY_DATE_FORMAT };

/* What was said of a column by its name, else by its position in the source; NULL: nothing. */
const struct csv_column_option *csv_options_column(const struct csv_options *o,
                                                   enum csv_family family, struct span name,
                                                   uint64_t position);

#endif
