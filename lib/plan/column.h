/*
 * The columns of the table: which field of a record each one is read from, and which options apply
 * to it. They are made from the header and the options before any cell is looked at, and never
 * change after that.
 *
 * Threads:  built by one thread, then read by any number.
 * Lifetime: names point into the header and words into the options, so both must outlive a plan.
 */
#ifndef SHMPUB_PLAN_COLUMN_H
#define SHMPUB_PLAN_COLUMN_H

#include "base/byte_source.h"
#include "csv/options.h"
#include "plan/header.h"
#include "value/date_format.h"
#include "value/value.h"

struct na_words {
	struct word_set words;
	double *numbers; /* values of words: a cell that is read as a float and has one is NA */
	size_t n_numbers;
	bool has_empty;   /* an empty cell is NA */
	bool has_numbers; /* a word reads as a number or a bool: compare a cell before reading it */
	bool has_digits;  /* a word of the options begins with a digit, so that it may be a date */
};

/* What parse_dates means for a column. */
struct date_request {
	bool is_date;        /* pandas makes dates of it, or text when one cell is no date */
	bool is_unconverted; /* pandas' reader leaves the field as text for parse_dates */
	bool is_read;        /* the reader makes dates of it, if it is ISO 8601 in one layout */
};

/*
 * The way that a column's cells take through pandas. Header and options decide it before any cell
 * is looked at. The order counts: from ROUTE_DATES to ROUTE_DATES_OF_VALUES a column is read as
 * dates; from ROUTE_DATES_OF_VALUES on pandas reads a column twice, the second time from the text
 * that spells the values of the first reading.
 */
enum route {
	ROUTE_TYPED = 0,       /* read once: as its dtype, else as what is inferred */
	ROUTE_MISSING,         /* the name has no field: objects that are all NaN */
	ROUTE_PART,            /* no field: the name of the source's part that has the row */
	ROUTE_DATES,           /* dates, else text, from the cells as they are written */
	ROUTE_DATES_OF_READER, /* the same, but pandas' reader knows only ISO 8601 in one layout */
	ROUTE_DATES_OF_VALUES, /* dates, else text, from the text that spells its values */
	ROUTE_TEXT_OF_VALUES,  /* a level that is cast to text: the text that spells its values */
	ROUTE_TEXT,            /* left as text for parse_dates, which then took another column */
	ROUTE_COMPARED, /* a level whose values are compared with those of NA words as well */
};

struct column {
	/* set by choose.c */
	size_t source; /* the number of its field in a record */
	struct span name;
	struct span option_name; /* NAME in dtype.NAME; pandas may use another one than `name` */
	int index_level;         /* -1: not in the index */
	bool is_unnamed;
	bool is_leading; /* a level of the index for which the header has no name */
	struct date_request request;

	/* set by column.c; choose.c sets only ROUTE_MISSING */
	enum route route;
	bool infers_again;    /* a level: if it proves to be text, its type is inferred again */
	enum csv_dtype dtype; /* CSV_DTYPE_AUTO if the second reading decides */
	enum csv_dtype first_dtype;     /* of the first reading, when there are two */
	struct date_format *given_form; /* owned; compiled date_format; NULL: none was given */
	const struct na_words *na;
	/* No option and no NA word applies to a cell like 12 or 1.5: it is always that number. */
	bool has_plain_numbers;
};

struct columns {
	struct column *columns;
	size_t n;
	size_t n_labels; /* names that usecols keeps, those of the index included */
	bool has_integer_names;
	bool has_no_field;   /* no name has a field: then pandas makes no rows */
	struct na_words *na; /* na[0] for all columns, na[1 + i] for those of option i */
	size_t n_na;
	struct word_set true_words, false_words;
	struct value_rules rules;
	bool has_bool_words;     /* true_values or false_values were given */
	bool has_number_options; /* thousands or decimal: the fast number parsers do not apply */
	bool has_plain_quotes;   /* the quote is no byte that numbers or dates are written with */
};

#define COLUMNS_NONE ((struct columns){ .n = 0 })

/*
 * Plans the columns. *out must stay where it is: its rules point to its word sets. On failure *out
 * is COLUMNS_NONE; the codes are those of choose_columns(), and SHMPUB_ERR_INVALID for a bad
 * date_format.
 */
int columns_init(struct columns *out, const struct header *header,
                 const struct csv_options *options, struct shmpub_error *err);
void columns_free(struct columns *columns);
/*
 * Adds the column that `parts` wants, after all others. SHMPUB_ERR_CSV without a line: one of them
 * has its name. SHMPUB_ERR_NOMEM.
 */
int columns_add_part(struct columns *columns, const struct byte_parts *parts,
                     struct shmpub_error *err);

/* False: its cells are made of no field of a record. */
static inline bool column_has_field(const struct column *c)
{
	return c->route != ROUTE_MISSING && c->route != ROUTE_PART;
}

static inline bool column_is_date(const struct column *c)
{
	return c->route >= ROUTE_DATES && c->route <= ROUTE_DATES_OF_VALUES;
}

static inline bool column_may_be_dates(const struct column *c)
{
	return column_is_date(c) || c->dtype == CSV_DTYPE_TIMESTAMP;
}

/* True if its second reading takes the text that spells the values of the first (again.h). */
static inline bool column_is_of_values(const struct column *c)
{
	return c->route >= ROUTE_DATES_OF_VALUES;
}

/* True if pandas reads the column twice: only all its cells show its type (again.h). */
static inline bool column_is_read_twice(const struct column *c)
{
	return column_is_of_values(c) || c->infers_again;
}

/* True if a fill can verify that the column is dates, even where pandas reads it twice. */
static inline bool column_has_verifiable_dates(const struct column *c)
{
	return column_is_date(c) && !column_is_of_values(c);
}

/* True if its type does not depend on evidence that a fill collects. */
static inline bool column_has_known_type(const struct column *c)
{
	return c->dtype != CSV_DTYPE_AUTO || column_is_date(c) || c->infers_again;
}

/* Returns true if the cell is an NA word. */
static inline bool column_is_na(const struct column *c, struct span cell)
{
	return word_set_has(&c->na->words, cell);
}

/* Returns true if `v` is the value of an NA word. */
static inline bool column_is_na_number(const struct column *c, double v)
{
	for (size_t i = 0; i < c->na->n_numbers; i++) {
		if (c->na->numbers[i] == v)
			return true;
	}
	return false;
}

#endif
