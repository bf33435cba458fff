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
 * Compiles and infers formats of dates, and parses cells by them.
 *
 * The parts of a cell stand at the same offsets as in every other cell of the same layout. So for
 * the common layouts (date_layout.h) the digits are read from fixed offsets. The date is not
 * parsed at all if it equals the date of the cell before.
 */

struct compiler {
	struct date_format *f;
	char repeated;   /* a directive that is there twice; 0: none is */
	bool is_refused; /* pandas refuses the format before it looks at cells */
};

static int add_part(struct compiler *c, char directive, char literal, struct shmpub_error *err)
{
	struct date_format *f = c->f;

	if (f->n_parts == DATE_PARTS_MAX)
		return error_set(err, SHMPUB_ERR_INVALID, "date format has more than %d parts",
		                 DATE_PARTS_MAX);
	for (size_t i = 0; directive && directive != ' ' && i < f->n_parts; i++) {
		if (f->parts[i].directive == directive)
			c->repeated = directive;
	}
	/* A run of blanks is one part: two parts would need two blanks in the cell. */
	if (directive == ' ' && f->n_parts > 0 && f->parts[f->n_parts - 1].directive == ' ')
		return SHMPUB_OK;
	f->parts[f->n_parts++] = (struct date_part){ directive, scan_lower(literal) };
	return SHMPUB_OK;
}

/* Returns the format that Python's %c, %x or %X stands for in the C locale; NULL: another one. */
static const char *expand_directive(char directive)
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

static int add_directive(struct compiler *c, char directive, struct shmpub_error *err);

static int add_parts(struct compiler *c, struct span format, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; r == SHMPUB_OK && i < format.size; i++) {
		size_t space = lexer_space(format.data + i, format.data + format.size);

		if (space > 0) {
			r = add_part(c, ' ', '\0', err);
			i += space - 1;
		} else if (format.data[i] != '%') {
			r = add_part(c, '\0', format.data[i], err);
		} else if (++i == format.size) {
			c->is_refused = true;
		} else {
			r = add_directive(c, format.data[i], err);
		}
	}
	return r;
}

static int add_directive(struct compiler *c, char directive, struct shmpub_error *err)
{
	const char *expanded = expand_directive(directive);

	if (directive == '%')
		return add_part(c, '\0', '%', err);
	if (expanded)
		return add_parts(c, span_str(expanded), err);
	c->is_refused |= !strptime_knows(directive);
	return strptime_knows(directive) ? add_part(c, directive, '\0', err) : SHMPUB_OK;
}

/* Whether the format has one of the directives. */
static bool has_any(struct span format, const char *directives)
{
	for (size_t i = 0; i + 1 < format.size; i++) {
		if (format.data[i] == '%' && format.data[i + 1] != '\0' &&
		    strchr(directives, format.data[i + 1]))
			return true;
	}
	return false;
}

/* Whether pandas takes the combination of directives, by the rules of its `_validate_fmt`. */
static bool is_valid_combination(struct span format)
{
	bool has_weekday = has_any(format, "aAw");

	if (has_any(format, "UW"))
		return has_any(format, "Yy") && has_weekday;
	if ((has_any(format, "Z") && has_any(format, "z")) ||
	    (has_any(format, "j") && has_any(format, "G")) ||
	    (has_any(format, "V") && has_any(format, "Y")))
		return false;
	return has_any(format, "G") == has_any(format, "V") &&
	       (!has_any(format, "G") || has_weekday || has_any(format, "u"));
}

/*
 * Whether the format is %Y[s%m[s%d[(T| )%H[:%M[:%S[%z|.%f[%z]]]]]]], where s is one of - / \ .
 * and space, or nothing, the same both times.
 */
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
	struct compiler c = { .f = f };
	int r;

	if (format.size > sizeof(f->format))
		return error_set(err, SHMPUB_ERR_INVALID, "date format has more than %zu bytes",
		                 sizeof(f->format));
	f->n_parts = 0;
	r = add_parts(&c, format, err);
	if (r != SHMPUB_OK)
		return r;
	c.is_refused |= !is_valid_combination(format);
	if (!c.is_refused && c.repeated)
		return error_set(err, SHMPUB_ERR_INVALID, "date format has %%%c twice", c.repeated);
	f->kind = c.is_refused ? DATE_NEVER : DATE_DIRECTIVES;
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

/* Returns the byte that stands for `c` in a layout. */
static char layout_byte(char c)
{
	return scan_is_digit(c) ? '0' : c;
}

static bool parse_loosely(struct timestamp *out, struct span text, int32_t this_year)
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
		out->layout[i] = layout_byte(first.data[i]);
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

		/* Cannot fail: date_format_guess() has compiled the same format. */
		(void)compile_parts(out, span_of(guess, size), NULL);
		if (kind != DATE_NONE)
			out->kind = kind;
		return true;
	}
	out->n_parts = 0;
	out->this_year = reading_this_year();
	if (out->kind == DATE_NONE && parse_loosely(&t, first, out->this_year))
		out->kind = DATE_LOOSE;
	return out->kind != DATE_NONE;
}

static bool has_layout(const struct date_format *f, struct span text)
{
	if (text.size != f->layout_size)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (layout_byte(text.data[i]) != f->layout[i])
			return false;
	}
	return true;
}

static bool parse_by_parts(struct timestamp *out, const struct date_format *f, struct span text)
{
	if (f->is_iso) {
		struct iso_form form;

		if (iso8601_read(out, &form, text) && form.size <= sizeof(form.text) &&
		    span_eq(span_of(form.text, form.size), span_of(f->format, f->format_size)))
			return true;
	}
	return strptime_parts(out, f->parts, f->n_parts, text);
}

/* Parses a cell in a layout with fixed offsets. */
static bool parse_fixed(struct timestamp *out, const struct date_format *f,
                        struct date_cache *cache, struct span text)
{
	struct layout_moment m;

	if (!layout_parse(&m, cache ? cache : &DATE_CACHE_NONE, f, text))
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
	if (format->fixed && parse_fixed(out, format, cache, text))
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
			return parse_loosely(out, text, format->this_year);
		return parse_by_parts(out, format, text);
	case DATE_LOOSE:
		return parse_loosely(out, text, format->this_year);
	case DATE_DIRECTIVES:
		return parse_by_parts(out, format, text);
	default:
		return false;
	}
}

bool date_zone_has_other_case(const struct date_format *format, struct span text)
{
	return (format->kind == DATE_DIRECTIVES || format->kind == DATE_LAYOUT) &&
	       strptime_zone_has_other_case(format->parts, format->n_parts, text);
}
