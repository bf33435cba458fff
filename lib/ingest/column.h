/*
 * The columns that become fields of the schema: where each stands in a record, what
 * the options say of it, and what it is taken for at the moment.
 *
 * Threads: built by one thread, then only read until types are settled anew.
 */
#ifndef SHMPUB_INGEST_COLUMN_H
#define SHMPUB_INGEST_COLUMN_H

#include "columns/schema.h"
#include "csv/options.h"
#include "ingest/header.h"
#include "value/date_format.h"
#include "value/value.h"

/* How the cells of a column are read. */
enum reading {
	READ_NOTHING = 0, /* no rows: no type */
	READ_INT,
	READ_UINT,
	READ_FLOAT,
	READ_BOOL,
	READ_TEXT,
	READ_LITERAL, /* text, NA words kept: an unsigned column with NA or a negative */
	READ_LONG,    /* integers beyond 64 bits, as text */
	READ_CATEGORY,
	READ_DATE,
	READ_ANEW, /* text that spells what the cells were first read as (again.h) */
};

/* What a column is taken for: how its cells are read and what they are stored as. */
struct verdict {
	enum reading reading;
	enum shmpub_type type;
	enum shmpub_kind kind;
	enum shmpub_unit unit;
	bool has_zone;
	int32_t offset_s;
};

static inline struct verdict verdict_of(enum reading reading, enum shmpub_type type)
{
	return (struct verdict){ .reading = reading, .type = type };
}

struct na_words {
	struct word_set words;
	double *numbers; /* cells read as floats that are NA by value */
	size_t n_numbers;
	bool begins[256]; /* first bytes of words that are not empty */
	size_t size_max;  /* of the longest word */
	bool is_default;  /* pandas' own words and no others */
	bool has_numbers; /* a word may be read as a number or a bool: look for NA first */
	bool has_digits;  /* a word of the options begins with a digit: it may be read as a date */
};

struct column {
	size_t source; /* the field of a record */
	struct span name;
	struct span said_name; /* what dtype.NAME and others call it: its own but for odd cases */
	int index_level;
	bool is_unnamed;
	bool is_leading; /* a level that the header has no name for */
	enum csv_dtype dtype;
	bool is_date;         /* parse_dates: text when a cell is no date */
	bool is_unconverted;  /* parse_dates: pandas' reader leaves it text */
	bool is_read_as_date; /* parse_dates: or makes dates of it, of ISO 8601 in one layout */
	bool is_only_read_as_date; /* is_date, but nobody looks at what the reader leaves text */
	bool is_cast_to_text;      /* a level: text that spells its values */
	bool restrings;            /* dates, or text, of what its cells say as numbers or bools */
	bool infers_again;         /* a level of text whose types pandas infers once more */
	bool nulls_by_value; /* a level whose numbers are compared with words for NA once more */
	bool is_missing;     /* a name without a field: objects, all of them NaN */
	bool are_whole;      /* first a float for missing cells only */
	enum csv_dtype first_dtype; /* restrings: the dtype that was asked for */
	enum reading first;         /* restrings: what the cells were first read as */
	bool is_form_given;         /* date_format: compiled once */
	struct date_format *form;   /* owned; of columns that may be dates */
	const struct na_words *na;
	struct verdict verdict;
	uint64_t text_expected; /* bytes of text to make room for at once; 0: count them first */
	bool are_floats; /* a fill has shown that not all are integers, and that it matters */
};

struct columns {
	struct column *columns;
	size_t n;
	size_t n_labels; /* names that usecols left, levels of the index among them */
	bool has_integer_names;
	bool has_no_field;   /* only names without fields: then pandas has no rows */
	struct na_words *na; /* the first is everybody's, the others single columns' */
	size_t n_na;
	struct word_set true_words, false_words;
	struct value_rules rules; /* all but NA */
	bool has_bool_words;      /* true_values or false_values were given */
	bool has_number_options;  /* thousands or decimal: numbers go the slow way */
};

#define COLUMNS_NONE ((struct columns){ .n = 0 })

int columns_init(struct columns *out, const struct header *header,
                 const struct csv_options *options, struct shmpub_error *err);
/* A schema of the verdicts. */
int columns_schema(struct schema *out, const struct columns *columns, struct shmpub_error *err);
/* Verdicts of an earlier schema for the columns that it knows by name and place. */
void columns_guess(struct columns *columns, const struct schema *guess);
void columns_free(struct columns *columns);

/* What it is shows only when all its cells have been looked at (again.h). */
static inline bool column_is_twofold(const struct column *c)
{
	return c->restrings || c->infers_again;
}

/* Twofold, but for the fill to verify when it is taken for dates. */
static inline bool column_may_be_dates_at_once(const struct column *c)
{
	return c->is_date && !c->restrings;
}

static inline bool column_is_na(const struct column *c, struct span cell)
{
	return c->na->is_default ? value_is_na(cell) : word_set_has(&c->na->words, cell);
}

#endif
