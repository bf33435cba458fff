/*
 * How the dates of one column are spelled, compiled once and then used for every cell.
 *
 * A format comes from the option date_format (date_format_compile) or, without it, from
 * the column's first value that is neither NA nor NaT (date_format_infer); a column of
 * which one cell does not match is text as a whole. Nothing here owns memory: a struct
 * date_format may be copied, and read from any thread.
 *
 * By inference pandas first wants every cell to have the layout of the first one (same
 * size, digits where it has digits, the same bytes elsewhere) and to be ISO 8601; when
 * one is not, it guesses a strptime format from the first and wants that of all. Here
 * each cell may do either, which differs only for columns that mix them.
 *
 * When no format can be guessed (two-digit years, PM, no day, quarters such as 2024Q1), every
 * cell is read by pandas' and dateutil's rules (reading.h). What takes its day from the
 * clock is no date here: a time without a date, "now" and "today".
 */
#ifndef SHMPUB_VALUE_DATE_FORMAT_H
#define SHMPUB_VALUE_DATE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"
#include "value/timestamp.h"

#define DATE_PARTS_MAX 64   /* directives and literal bytes in one format */
#define DATE_LAYOUT_MAX 128 /* bytes of a cell whose layout is compared */

enum date_kind {
	DATE_NONE,
	DATE_ISO8601,      /* any ISO 8601 form, cell by cell (date_format = ISO8601) */
	DATE_LAYOUT_ALONE, /* ISO 8601 in the layout of the first cell */
	DATE_LAYOUT, /* ISO 8601 in the layout of the first cell, else by the parts, or loosely */
	DATE_DIRECTIVES, /* by the parts */
	DATE_NEVER,      /* a format that fits no cell: pandas leaves text */
	DATE_LOOSE,      /* ISO 8601 or dateutil's rules, cell by cell */
};

struct date_part {
	char directive; /* as behind %; ' ': blanks, at least one; 0: `literal` */
	char literal;   /* in lower case */
};

struct date_format {
	enum date_kind kind;
	uint8_t layout_size;
	char layout[DATE_LAYOUT_MAX]; /* the first cell, digits as '0' */
	/* When the layout is YYYY-MM-DD and what can follow it; else fixed is 0. */
	uint8_t fixed;
	uint8_t n_decimals;
	uint8_t zone_size;
	bool zone_is_utc;
	char zone[6]; /* as the first cell spells it */
	int32_t zone_offset_s;
	uint8_t n_parts;
	bool is_iso; /* the parts are an ISO form: then cells are tried as such first */
	struct date_part parts[DATE_PARTS_MAX];
	int32_t this_year; /* for two-digit years; set when cells may be read loosely */
	uint8_t format_size;
	char format[2 * DATE_PARTS_MAX]; /* the parts as they were written */
};

#define DATE_FORMAT_NONE ((struct date_format){ .kind = DATE_NONE })

/*
 * "ISO8601", "mixed", or a strptime format: %Y %y %m %B %b %d %j %H %I %p %M %S %f %N %z %Z
 * %a %A %w %u %U %W %V %G %c %x %X %%. Other directives, and combinations that mean nothing,
 * make DATE_NEVER of it. SHMPUB_ERR_INVALID: a directive twice, for which pandas fails, or
 * more than there is room for.
 */
int date_format_compile(struct date_format *out, struct span format, struct shmpub_error *err);

/* False: pandas guesses no format from this value (and it is no ISO 8601 either). */
bool date_format_infer(struct date_format *out, struct span first);

/* As pandas' reader does before anybody guesses: only the layout counts. False: no ISO 8601. */
bool date_format_layout(struct date_format *out, struct span first);

/*
 * What pandas' guess_datetime_format answers, with one blank for a run of white space; 0:
 * nothing. `out` has room for `capacity` bytes.
 */
size_t date_format_guess(char *out, size_t capacity, struct span text);

/* The date part of the cell before, and months that were met: one per column and thread. */
#define DATE_CACHE_MONTHS 32u
struct date_cache {
	char text[10];
	int64_t seconds; /* of its midnight */
	struct {
		uint64_t head; /* "2024-03-", as eight bytes */
		int32_t days;  /* from 1970-01-01 to its first */
		int32_t n_days;
	} months[DATE_CACHE_MONTHS];
};

#define DATE_CACHE_NONE                                                                            \
	((struct date_cache){ { '1', '9', '7', '0', '-', '0', '1', '-', '0', '1' }, 0, { { 0 } } })

/*
 * A cell that is no date of its form because its zone is UTC's name in other letters ("utc"):
 * there pandas fails.
 */
bool date_zone_is_unknown(const struct date_format *format, struct span text);

/* NULL cache: none. NaT is not asked here (value_is_nat). */
bool date_parse(struct timestamp *out, const struct date_format *format, struct date_cache *cache,
                struct span text);

#endif
