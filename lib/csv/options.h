/*
 * The options of pandas.read_csv, under pandas' names: how a CSV text is to be read.
 *
 * csv_options_set() parses the text of one option. The same table of options serves the daemon's
 * ini files and the programs that publish CSV text. Where pandas takes a list, the text is one
 * CSV record: `a, b, "c, d"`. An item of digits is a position, unless it is quoted.
 *
 * Threads:  one thread sets options; after that, any thread may read them.
 * Lifetime: from csv_options_new() to csv_options_free().
 * Errors:   as each function says.
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

/* Returns true when `key` (index_col, dtype.NAME, ...) is an option. */
bool csv_options_has(struct span key);
/* Returns `key`, or "delimiter" for "sep": pandas has two names for that option. */
static inline struct span csv_options_main_name(struct span key)
{
	return span_is(key, "sep") ? span_str("delimiter") : key;
}
/*
 * Sets one option. SHMPUB_ERR_INVALID: there is no such option, or `value` is not what the
 * message says was expected. SHMPUB_ERR_NOMEM: no memory. The options are then unchanged.
 *
 * Options are checked one by one, as pandas does: one byte may be delimiter and quotechar.
 */
int csv_options_set(struct csv_options *o, struct span key, struct span value,
                    struct shmpub_error *err);
/* Sets *out to new options, each at its default; the caller frees them. */
int csv_options_new(struct csv_options **out, struct shmpub_error *err);
/* Does nothing if `o` is NULL. */
void csv_options_free(struct csv_options *o);
/*
 * Returns the i-th known key, for messages that propose the nearest known one; NULL after the
 * last. Keys with a column's name after them are listed as "dtype." and so on.
 */
const char *csv_options_key(size_t i);

/* --- The rest is for the code that reads CSV text; other code has no need of it. ----------- */

/* An item of an option's list: a column by its name or position, or a word. */
struct csv_item {
	struct span text; /* owned by the options */
	bool is_position; /* the text is digits and was not quoted */
	uint64_t position;
};

struct csv_items {
	struct csv_item *items;
	size_t n;
	bool is_given; /* the option was set, perhaps to an empty list */
};

#define CSV_ITEMS_NONE ((struct csv_items){ NULL, 0, false })

enum csv_dtype {
	CSV_DTYPE_AUTO = 0, /* the type is inferred from the cells */
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

/*
 * The options of one column, set by keys such as dtype.NAME. The keys dtype.NAME of all columns
 * are called a family, as are na_values.NAME and date_format.NAME.
 */
struct csv_column_option {
	struct csv_item column;       /* NAME, or the position that it may also mean */
	enum csv_dtype dtype;         /* CSV_DTYPE_AUTO: dtype.NAME was not set */
	struct csv_items na_values;   /* is_given: na_values.NAME was set */
	struct csv_items date_format; /* at most one item */
};

struct csv_options {
	char delimiter;
	bool is_whitespace; /* runs of spaces and tabs separate fields, instead of `delimiter` */
	char quote;         /* quotechar; 0: quotes are ordinary bytes */
	char comment;       /* 0: there are no comments */
	char thousands;     /* 0: there is no separator of thousands */
	char decimal;
	bool skips_spaces;    /* skipinitialspace */
	bool skips_bad_lines; /* on_bad_lines = skip or feed */
	bool keeps_rejects;   /* on_bad_lines = feed: the caller asks for what was left out */
	bool has_header;
	uint64_t header;      /* the header's number, from 0, among the lines that are not blank */
	bool is_header_given; /* if not, `names` without `header` means that there is no header */
	struct csv_items names, usecols, index_col, parse_dates;
	bool parses_index; /* parse_dates = yes */
	struct csv_items date_format;
	struct csv_items na_values, true_values, false_values;
	bool keeps_default_na;
	struct csv_items skiprows; /* ascending */
	bool skips_list; /* skiprows lists numbers of lines, from 0; if not, it is how many lines */
	enum csv_encoding encoding;
	uint64_t max_columns;
	enum csv_dtype dtype; /* of the columns for which dtype.NAME was not set */
	struct csv_column_option *columns;
	size_t n_columns;
};

enum csv_family { CSV_FAMILY_DTYPE, CSV_FAMILY_NA_VALUES, CSV_FAMILY_DATE_FORMAT };

/*
 * Returns the options of a column if they have a value in `family`: those of its name, else
 * those of its position in the source. NULL: there are none. The result lives as long as `o`.
 */
const struct csv_column_option *csv_options_column(const struct csv_options *o,
                                                   enum csv_family family, struct span name,
                                                   uint64_t position);

#endif
