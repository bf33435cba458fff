/*
 * The verdict on a column: how its cells are read, and as which type they are stored. It is a guess
 * at first; each fill shows whether it holds.
 *
 * Threads: one thread changes it between two fills; during a fill any number read it.
 */
#ifndef SHMPUB_TYPES_VERDICT_H
#define SHMPUB_TYPES_VERDICT_H

#include "plan/column.h"
#include "shmpub/shmpub.h"

/* How the cells of a column are read. */
enum reading {
	READ_NOTHING = 0, /* no type yet, or no rows: then none at all */
	READ_INT,
	READ_UINT,
	READ_FLOAT,
	READ_BOOL,
	READ_TEXT,
	READ_LITERAL, /* text that keeps NA words: integers above int64 beside NA or a negative one */
	READ_LONG,    /* integers beyond 64 bits, stored as text */
	READ_CATEGORY,
	READ_DATE,
	READ_ANEW, /* text that spells the values of a first reading (again.h) */
};

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

/* Returns the verdict on a column whose cells are all NaN, in an array of Python objects. */
static inline struct verdict verdict_of_nan(void)
{
	return (struct verdict){ .reading = READ_BOOL,
		                 .type = SHMPUB_BOOL,
		                 .kind = SHMPUB_KIND_BOOL };
}

/* Bytes of room for text on top of those that are expected. */
#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build, in which text shall not fit */
#define TEXT_SPARE 0u
#else
#define TEXT_SPARE 256u
#endif

struct column_type {
	const struct column *plan;
	struct verdict verdict;
	enum reading first; /* how a column that is read twice was read the first time */
	bool are_whole;     /* these values are floats only because some are missing */
	bool are_floats;    /* not all cells are integers: read all as pandas reads floats */
	bool is_strict;     /* a cell that does not fit is an error; else the verdict was wrong */
	struct date_format *form; /* owned; NULL unless the column may be dates */
	uint64_t text_expected;   /* bytes of text that a sink should have room for */
};

static inline bool verdict_equals(const struct verdict *a, const struct verdict *b)
{
	return a->reading == b->reading && a->type == b->type && a->kind == b->kind &&
	       a->unit == b->unit && a->has_zone == b->has_zone && a->offset_s == b->offset_s;
}

#endif
