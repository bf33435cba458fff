/*
 * The format of the dates of one column. It is compiled once and then used for every cell.
 *
 * A format comes from the option date_format (date_format_compile()). Without that option it
 * comes from the column's first value that is neither NA nor NaT (date_format_infer()). If one
 * cell does not match the format, the whole column is text.
 *
 * The layout of a cell is the cell with every digit replaced by 0: cells have the same layout if
 * they have the same size, digits at the same places, and the same bytes elsewhere.
 *
 * pandas infers in two steps. First it expects every cell to be ISO 8601 in the layout of the
 * first one. If a cell is not, pandas guesses a strptime format from the first cell and expects
 * every cell to have that format. Here each cell may match either way; the result differs from
 * pandas' only for columns that mix the two.
 *
 * If no format can be guessed (two-digit years, PM, no day, quarters such as 2024Q1), every cell
 * is parsed by the rules of pandas and dateutil (reading.h). Text whose date depends on the clock
 * is no date here: a time without a date, "now" and "today".
 *
 * Threads:  a format is read by any thread; a cache belongs to one thread.
 * Lifetime: a format owns no memory and may be copied.
 */
#ifndef SHMPUB_VALUE_DATE_FORMAT_H
#define SHMPUB_VALUE_DATE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"
#include "value/timestamp.h"

#define DATE_PARTS_MAX 64   /* directives and literal bytes in one format */
#define DATE_LAYOUT_MAX 128 /* the largest cell whose layout is kept */

/* How a cell is parsed. "Loosely" means: as ISO 8601 in any form, or by dateutil's rules. */
enum date_kind {
	DATE_NONE,         /* there is no format */
	DATE_ISO8601,      /* as ISO 8601 in any form (date_format = ISO8601) */
	DATE_LAYOUT_ALONE, /* as ISO 8601 in the layout of the first cell */
	/* As DATE_LAYOUT_ALONE; other cells by the parts, or loosely if there are no parts. */
	DATE_LAYOUT,
	DATE_DIRECTIVES, /* by the parts */
	DATE_NEVER,      /* the format matches no cell; pandas then leaves text */
	DATE_LOOSE,      /* loosely (date_format = mixed) */
};

/* A part of a strptime format. */
struct date_part {
	char directive; /* the letter after %; ' ': one or more blanks; 0: the part is `literal` */
	char literal;   /* in lower case */
};

struct date_format {
	enum date_kind kind;
	/* The layout of the first cell. */
	uint8_t layout_size;
	char layout[DATE_LAYOUT_MAX];
	/*
	 * Set by date_layout.c if the layout has fixed offsets: LAYOUT_DATE for a date alone,
	 * LAYOUT_TIME for one with a time. 0: it has none, and the next five members are unused.
	 */
	uint8_t fixed;
	uint8_t n_decimals;
	uint8_t zone_size;
	bool zone_is_utc;
	char zone[6]; /* the zone as the first cell spells it */
	int32_t zone_offset_s;
	/* The format that was given or guessed. */
	uint8_t n_parts;
	bool is_iso; /* the format is a form of ISO 8601, and cells are tried as such first */
	struct date_part parts[DATE_PARTS_MAX];
	int32_t this_year; /* for two-digit years; set if cells may be parsed loosely */
	uint8_t format_size;
	char format[2 * DATE_PARTS_MAX]; /* the text that `parts` were compiled from */
};

#define DATE_FORMAT_NONE ((struct date_format){ .kind = DATE_NONE })

/*
 * Compiles the option date_format: "ISO8601", "mixed", or a strptime format with the directives
 * %Y %y %m %B %b %d %j %H %I %p %M %S %f %N %z %Z %a %A %w %u %U %W %V %G %c %x %X %%. A format
 * with other directives, or with a combination that pandas refuses, becomes DATE_NEVER.
 *
 * SHMPUB_ERR_INVALID: a directive is there twice, with which pandas fails, or the format is too
 * long. *out is then DATE_FORMAT_NONE.
 */
int date_format_compile(struct date_format *out, struct span format, struct shmpub_error *err);

/*
 * Infers the format from a column's first value. False: the value is no date; *out is then
 * DATE_FORMAT_NONE.
 */
bool date_format_infer(struct date_format *out, struct span first);

/*
 * Sets DATE_LAYOUT_ALONE with the layout of `first`: the first of pandas' two steps. False: the
 * value is not ISO 8601, or too long; *out is then DATE_FORMAT_NONE.
 */
bool date_format_layout(struct date_format *out, struct span first);

/*
 * Writes the strptime format that pandas' guess_datetime_format() finds for `text`, with one
 * blank for each run of white space, to `out`, which has room for `capacity` bytes. Returns the
 * size of the format; 0: pandas finds none, or there is no room.
 */
size_t date_format_guess(char *out, size_t capacity, struct span text);

/*
 * Remembers the date of the last cell, and months, because neighbouring cells often have the
 * same. Each column and thread has a cache of its own; a cache is used with one format only.
 */
#define DATE_CACHE_MONTHS 128u /* ten years */
struct date_cache {
	char text[10];   /* the date of the last cell, as written */
	int64_t seconds; /* from 1970-01-01 to that date */
	struct {
		uint64_t head;  /* the eight bytes of "2024-03-" */
		int32_t days;   /* from 1970-01-01 to the first of the month */
		int32_t n_days; /* the length of the month */
	} months[DATE_CACHE_MONTHS];
};

#define DATE_CACHE_NONE                                                                            \
	((struct date_cache){ { '1', '9', '7', '0', '-', '0', '1', '-', '0', '1' }, 0, { { 0 } } })

/*
 * Returns true if the cell matches the format except that a name of UTC is written in other
 * letters than usual ("utc"). pandas fails at such a cell, instead of leaving the column text.
 */
bool date_zone_has_other_case(const struct date_format *format, struct span text);

/*
 * Parses a cell. False: it does not match the format. `cache` may be NULL. The words for null
 * (value_is_nat()) are no dates here.
 */
bool date_parse(struct timestamp *out, const struct date_format *format, struct date_cache *cache,
                struct span text);

#endif
