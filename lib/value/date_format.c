#include "value/date_format.h"
#include "value/date_layout.h"
#include "value/iso8601.h"
#include "value/lexer.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/strptime.h"
#include "value/value.h"
#include "base/error.h"

/*
 * Formats of dates: compiling, inferring, and using them.
 *
 * The layout of the first cell is kept with its digits blotted out. A cell with the same
 * layout has its fields where the first one had them, so for the common layouts (a date
 * with two-digit parts first) the digits are read from fixed places, and the date is not
 * even read when it equals the one before.
 */

struct compiling {
	struct date_format *f;
	char twice;  /* a directive that is there twice */
	bool is_bad; /* pandas refuses the format before it looks at cells */
};

static int add(struct compiling *c, char directive, char literal, struct shmpub_error *err)
{
	struct date_format *f = c->f;

	if (f->n_parts == DATE_PARTS_MAX)
		return error_set(err, SHMPUB_ERR_INVALID, "date format has more than %d parts",
		                 DATE_PARTS_MAX);
	for (size_t i = 0; directive && directive != ' ' && i < f->n_parts; i++) {
		if (f->parts[i].directive == directive)
			c->twice = directive;
	}
	/* Runs of blanks are one part: each would want a blank of its own. */
	if (directive == ' ' && f->n_parts > 0 && f->parts[f->n_parts - 1].directive == ' ')
		return SHMPUB_OK;
	f->parts[f->n_parts++] = (struct date_part){ directive, scan_lower(literal) };
	return SHMPUB_OK;
}

/* Python's composed directives in the C locale. */
static const char *composed(char directive)
{
	switch (directive) {
	case 'c':
		return "%a %b %d %H:%M:%S %Y";
	case 'x':
		return "%m/%d/%y";
	case 'X':
		return "%H:%M:%S";
	default:
		return NULL;
	}
}

static int add_directive(struct compiling *c, char directive, struct shmpub_error *err);

static int add_all(struct compiling *c, struct span format, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; r == SHMPUB_OK && i < format.size; i++) {
		size_t space = lexer_space(format.data + i, format.data + format.size);

		if (space > 0) {
			r = add(c, ' ', '\0', err);
			i += space - 1;
		} else if (format.data[i] != '%') {
			r = add(c, '\0', format.data[i], err);
		} else if (++i == format.size) {
			c->is_bad = true;
		} else {
			r = add_directive(c, format.data[i], err);
		}
	}
	return r;
}

static int add_directive(struct compiling *c, char directive, struct shmpub_error *err)
{
	const char *expanded = composed(directive);

	if (directive == '%')
		return add(c, '\0', '%', err);
	if (expanded)
		return add_all(c, span_str(expanded), err);
	c->is_bad |= !strptime_knows(directive);
	return strptime_knows(directive) ? add(c, directive, '\0', err) : SHMPUB_OK;
}

static bool says(struct span format, const char *directives)
{
	for (size_t i = 0; i + 1 < format.size; i++) {
		if (format.data[i] == '%' && format.data[i + 1] != '\0' &&
		    strchr(directives, format.data[i + 1]))
			return true;
	}
	return false;
}

/* pandas' `_validate_fmt`: combinations that mean nothing, by the text of the format alone. */
static bool means_something(struct span format)
{
	bool has_weekday = says(format, "aAw");

	if (says(format, "UW"))
		return says(format, "Yy") && has_weekday;
	if ((says(format, "Z") && says(format, "z")) || (says(format, "j") && says(format, "G")) ||
	    (says(format, "V") && says(format, "Y")))
		return false;
	return says(format, "G") == says(format, "V") &&
	       (!says(format, "G") || has_weekday || says(format, "u"));
}

/* %Y[s%m[s%d[(T| )%H[:%M[:%S[%z|.%f[%z]]]]]]], s one of - / \ . space or nothing, twice the same. */
static bool is_iso_format(struct span format)
{
	static const char *const rest[] = { "%H", ":%M", ":%S" };
	const char *p = format.data;
	const char *end = p + format.size;
	char separator = '\0';

#define TAKE(text)                                                                                 \
	(end - p >= (ptrdiff_t)strlen(text) && memcmp(p, text, strlen(text)) == 0 &&               \
	 (p += strlen(text)))
	if (!TAKE("%Y"))
		return false;
	if (p == end)
		return true;
	if (*p != '%')
		separator = *p++;
	if (separator && !strchr("-/\\. ", separator))
		return false;
	if (!TAKE("%m"))
		return false;
	if (p == end)
		return separator != '\0';
	if ((separator && *p++ != separator) || !TAKE("%d"))
		return false;
	if (p == end)
		return true;
	if (*p != 'T' && *p != ' ')
		return false;
	p++;
	for (size_t i = 0; i < ARRAY_LEN(rest); i++) {
		if (!TAKE(rest[i]))
			return false;
		if (p == end)
			return true;
	}
	if (TAKE(".%f") && p == end)
		return true;
	return TAKE("%z") && p == end;
#undef TAKE
}

/* Sets the kind to DATE_DIRECTIVES, or to DATE_NEVER. */
static int compile_parts(struct date_format *f, struct span format, struct shmpub_error *err)
{
	struct compiling c = { .f = f };
	int r;

	if (format.size > sizeof(f->format))
		return error_set(err, SHMPUB_ERR_INVALID, "date format has more than %zu bytes",
		                 sizeof(f->format));
	f->n_parts = 0;
	r = add_all(&c, format, err);
	if (r != SHMPUB_OK)
		return r;
	c.is_bad |= !means_something(format);
	if (!c.is_bad && c.twice)
		return error_set(err, SHMPUB_ERR_INVALID, "date format has %%%c twice", c.twice);
	f->kind = c.is_bad ? DATE_NEVER : DATE_DIRECTIVES;
	f->is_iso = is_iso_format(format);
	f->format_size = (uint8_t)format.size;
	if (format.size > 0)
		memcpy(f->format, format.data, format.size);
	return SHMPUB_OK;
}

int date_format_compile(struct date_format *out, struct span format, struct shmpub_error *err)
{
	int r;

	*out = DATE_FORMAT_NONE;
	if (span_is(format, "ISO8601")) {
		out->kind = DATE_ISO8601;
		return SHMPUB_OK;
	}
	if (span_is(format, "mixed")) {
		out->kind = DATE_LOOSE;
		out->this_year = reading_this_year();
		return SHMPUB_OK;
	}
	r = compile_parts(out, format, err);
	if (r != SHMPUB_OK)
		*out = DATE_FORMAT_NONE;
	return r;
}

/* What of a byte belongs to the layout. */
static char blotted(char c)
{
	if (scan_is_digit(c))
		return '0';
	return c;
}

/* Cell by cell, in no common form. */
static bool by_reading(struct timestamp *out, struct span text, int32_t this_year)
{
	return value_iso8601(out, text) || reading_moment(out, text, this_year);
}

bool date_format_layout(struct date_format *out, struct span first)
{
	struct timestamp t;

	*out = DATE_FORMAT_NONE;
	if (first.size > DATE_LAYOUT_MAX || !value_iso8601(&t, first))
		return false;
	out->kind = DATE_LAYOUT_ALONE;
	out->layout_size = (uint8_t)first.size;
	for (size_t i = 0; i < first.size; i++)
		out->layout[i] = blotted(first.data[i]);
	date_layout_compile(out, first, &t);
	return true;
}

bool date_format_infer(struct date_format *out, struct span first)
{
	char guess[sizeof(out->format)];
	struct timestamp t;
	size_t size;

	if (date_format_layout(out, first))
		out->kind = DATE_LAYOUT;
	size = date_format_guess(guess, sizeof(guess), first);
	if (size > 0) {
		enum date_kind kind = out->kind;

		(void)compile_parts(out, span_of(guess, size), NULL); /* the guess did so already */
		if (kind != DATE_NONE)
			out->kind = kind;
		return true;
	}
	out->n_parts = 0;
	out->this_year = reading_this_year();
	if (out->kind == DATE_NONE && by_reading(&t, first, out->this_year))
		out->kind = DATE_LOOSE;
	return out->kind != DATE_NONE;
}

static bool has_layout(const struct date_format *f, struct span text)
{
	if (text.size != f->layout_size)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (blotted(text.data[i]) != f->layout[i])
			return false;
	}
	return true;
}

static bool by_parts(struct timestamp *out, const struct date_format *f, struct span text)
{
	if (f->is_iso) {
		struct iso_form form;

		if (iso8601_read(out, &form, text) && form.size <= sizeof(form.text) &&
		    span_eq(span_of(form.text, form.size), span_of(f->format, f->format_size)))
			return true;
	}
	return strptime_parts(out, f->parts, f->n_parts, text);
}

/* A cell in a fixed layout. */
static bool by_layout(struct timestamp *out, const struct date_format *f, struct date_cache *cache,
                      struct span text)
{
	struct date_cache none = DATE_CACHE_NONE;
	struct layout_moment m;

	if (!layout_parse(&m, cache ? cache : &none, f, text))
		return false;
	*out = (struct timestamp){
		.seconds = m.seconds,
		.nanoseconds = m.fraction * layout_powers[9 - f->n_decimals],
		.digits = (int8_t)f->n_decimals,
		.has_zone = f->zone_size > 0,
		.offset_s = f->zone_offset_s,
		.is_utc = f->zone_is_utc,
	};
	return true;
}

bool date_parse(struct timestamp *out, const struct date_format *format, struct date_cache *cache,
                struct span text)
{
	if (format->fixed && by_layout(out, format, cache, text))
		return true;
	switch (format->kind) {
	case DATE_ISO8601:
		return value_iso8601(out, text);
	case DATE_LAYOUT_ALONE:
		return has_layout(format, text) && value_iso8601(out, text);
	case DATE_LAYOUT:
		if (has_layout(format, text) && value_iso8601(out, text))
			return true;
		if (format->n_parts == 0)
			return by_reading(out, text, format->this_year);
		return by_parts(out, format, text);
	case DATE_LOOSE:
		return by_reading(out, text, format->this_year);
	case DATE_DIRECTIVES:
		return by_parts(out, format, text);
	default:
		return false;
	}
}

bool date_zone_is_unknown(const struct date_format *format, struct span text)
{
	return (format->kind == DATE_DIRECTIVES || format->kind == DATE_LAYOUT) &&
	       strptime_zone_is_unknown(format->parts, format->n_parts, text);
}
