/*
 * The table of column types: one row for each value of enum shmpub_type, with everything
 * about a type that is not code. All folders use this table instead of switching over the
 * types, so a new type is a new row here, and code only where its values are parsed or
 * printed.
 *
 * Threads: any, the table is constant.
 */
#ifndef SHMPUB_COLUMNS_COLUMN_TYPE_H
#define SHMPUB_COLUMNS_COLUMN_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

/* Which buffers a column has. */
enum column_form {
	FORM_NONE,   /* no buffers at all: every cell is null */
	FORM_BITS,   /* validity, 1 bit a row */
	FORM_VALUES, /* validity, value_size bytes a row */
	FORM_CODES,  /* validity, 1, 2 or 4 bytes a row: columns with a dictionary, of any type */
	FORM_TEXT,   /* validity, offsets of 8 bytes, bytes of text */
};

/* Which parameters an Arrow schema has for a type; "Type" in Arrow's Schema.fbs. */
enum arrow_parameters {
	ARROW_NO_PARAMETERS,
	ARROW_INT,       /* bitWidth: 8 * value_size; is_signed: arrow_value */
	ARROW_ENUM,      /* a single 16-bit enum: arrow_value, which is not the enum's default */
	ARROW_TIMESTAMP, /* unit and time zone of the column */
};

struct column_type {
	/* The dtype in numpy and pandas; with has_unit, "[unit]" or "[unit, time zone]" follows. */
	const char *name;
	const char *pandas_name; /* "pandas_type" in the metadata that pandas keeps in a schema */
	enum column_form form;   /* of a column without a dictionary */
	uint8_t value_size;      /* FORM_VALUES: bytes of a value; lib/fill stores only 8 */
	bool is_number;          /* an integer or a float */
	bool has_unit;           /* `unit` and `timezone` of the column belong to the type */
	enum shmpub_kind kind;   /* the kind that a column may have instead of SHMPUB_PLAIN */
	/* FORM_VALUES: the value_size bytes of the value that is stored where the cell is null. */
	uint64_t null_bits;

	uint8_t arrow_id; /* the type's number in the union "Type" of Arrow's Schema.fbs */
	enum arrow_parameters arrow_parameters;
	uint8_t arrow_value;
};

/* The table's row; NULL when `type` is no value of enum shmpub_type. */
const struct column_type *column_type(enum shmpub_type type);
/* The form of a column without a dictionary; FORM_NONE when `type` is no value of the enum. */
enum column_form form_of_type(enum shmpub_type type);

/* "s", "ms", "us", "ns": as numpy and pandas write the unit. */
const char *unit_name(enum shmpub_unit unit);
/* "int", "bool": as the schema of a snapshot names the kind. NULL for SHMPUB_PLAIN. */
const char *kind_name(enum shmpub_kind kind);

#endif
