/*
 * What a column is taken for: how its cells are read and what they are stored as. A guess at
 * first, of which each fill shows whether it holds.
 *
 * Threads: set by one thread between two fills, then only read.
 */
#ifndef SHMPUB_TYPES_VERDICT_H
#define SHMPUB_TYPES_VERDICT_H

#include "plan/column.h"
#include "shmpub/shmpub.h"

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

/* Room for text besides what is expected. */
#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: text that does not fit */
#define TEXT_SPARE 0u
#else
#define TEXT_SPARE 256u
#endif

struct column_type {
	const struct column *plan;
	struct verdict verdict;
	enum reading first; /* of a route over values: what the cells were first read as */
	bool are_whole;     /* first a float for missing cells only */
	bool are_floats;    /* a fill has shown that not all are integers, and that it matters */
	bool is_strict;     /* a cell that does not fit is an error, not a contradiction */
	struct date_format *form; /* owned; of columns that may be dates */
	uint64_t text_expected;   /* bytes of text to make room for at once */
};

static inline bool verdict_equals(const struct verdict *a, const struct verdict *b)
{
	return a->reading == b->reading && a->type == b->type && a->kind == b->kind &&
	       a->unit == b->unit && a->has_zone == b->has_zone && a->offset_s == b->offset_s;
}

#endif
