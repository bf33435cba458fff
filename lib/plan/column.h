/*
 * The columns that become fields of the schema: where each stands in a record, and what the
 * options say of it. Made from the header and the options before any cell is looked at.
 *
 * Threads: built by one thread, then only read.
 */
#ifndef SHMPUB_PLAN_COLUMN_H
#define SHMPUB_PLAN_COLUMN_H

#include "csv/options.h"
#include "plan/header.h"
#include "value/date_format.h"
#include "value/value.h"

struct na_words {
	struct word_set words;
	double *numbers; /* cells read as floats that are NA by value */
	size_t n_numbers;
	bool has_empty;   /* an empty cell is NA */
	bool has_numbers; /* a word may be read as a number or a bool: look for NA first */
	bool has_digits;  /* a word of the options begins with a digit: it may be read as a date */
};

/* What parse_dates says of a column. */
struct date_request {
	bool is_date;        /* pandas makes dates of it, or leaves text when a cell is no date */
	bool is_unconverted; /* pandas' reader leaves the field text for that */
	bool is_read; /* or makes dates of it itself, where all of it is ISO 8601 in one layout */
};

/*
 * How a column was asked for: which of pandas' ways its cells go. Known before any cell is
 * looked at. Those from ROUTE_DATES to ROUTE_DATES_OF_VALUES are dates, those from there on
 * go over text that spells what the cells were first read as.
 */
enum route {
	ROUTE_TYPED = 0,       /* of its dtype, or inferred */
	ROUTE_MISSING,         /* a name without a field: objects, all of them NaN */
	ROUTE_DATES,           /* dates, or text, of the cells as they are written */
	ROUTE_DATES_OF_READER, /* the same, but only ISO 8601 in one layout: the reader alone looks */
	ROUTE_DATES_OF_VALUES, /* dates, or text, of what the cells say as numbers or bools */
	ROUTE_TEXT_OF_VALUES,  /* a level that is cast to text: what spells its values */
	ROUTE_TEXT,            /* left as text for parse_dates, which then took another column */
	ROUTE_COMPARED,        /* a level whose numbers are compared with words for NA once more */
};

struct column {
	/* set by choose.c */
	size_t source; /* the field of a record */
	struct span name;
	struct span said_name; /* what dtype.NAME and others call it: its own but for odd cases */
	int index_level;
	bool is_unnamed;
	bool is_leading; /* a level that the header has no name for */
	struct date_request request;

	/* set by column.c */
	enum route route;
	bool infers_again;          /* a level: where it is text its types are inferred once more */
	enum csv_dtype dtype;       /* CSV_DTYPE_AUTO where a second reading decides */
	enum csv_dtype first_dtype; /* of a route over values: the dtype that was asked for */
	struct date_format *given_form; /* owned; date_format; NULL: none was given */
	const struct na_words *na;
	/* A plain number is always just that number: no option and no word for NA says otherwise. */
	bool has_plain_numbers;
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
	bool has_plain_quotes; /* quotes, if any, are no bytes that numbers or dates are written with */
};

#define COLUMNS_NONE ((struct columns){ .n = 0 })

int columns_init(struct columns *out, const struct header *header,
                 const struct csv_options *options, struct shmpub_error *err);
void columns_free(struct columns *columns);

static inline bool column_is_date(const struct column *c)
{
	return c->route >= ROUTE_DATES && c->route <= ROUTE_DATES_OF_VALUES;
}

static inline bool column_may_be_dates(const struct column *c)
{
	return column_is_date(c) || c->dtype == CSV_DTYPE_TIMESTAMP;
}

/* What counts is the text that spells the values of a first reading (again.h). */
static inline bool column_is_of_values(const struct column *c)
{
	return c->route >= ROUTE_DATES_OF_VALUES;
}

/* What it is shows only when all its cells have been looked at (again.h). */
static inline bool column_is_twofold(const struct column *c)
{
	return column_is_of_values(c) || c->infers_again;
}

/* Twofold, but for the fill to verify when it is taken for dates. */
static inline bool column_may_be_dates_at_once(const struct column *c)
{
	return column_is_date(c) && !column_is_of_values(c);
}

/* Its type is known without evidence from the cells of a fill. */
static inline bool column_is_told(const struct column *c)
{
	return c->dtype != CSV_DTYPE_AUTO || column_is_date(c) || c->infers_again;
}

static inline bool column_is_na(const struct column *c, struct span cell)
{
	return word_set_has(&c->na->words, cell);
}

#endif
