#include "value/date_format.h"
#include "value/calendar.h"
#include "value/lexer.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/strptime.h"
#include "value/token.h"
#include <stdio.h>

/*
 * Guesses a strptime format from one value, as pandas does (`guess_datetime_format` in
 * pandas/_libs/tslibs/parsing.pyx).
 *
 * The value is parsed by reading_parse() first. Then the text is cut into pieces, by other rules
 * than dateutil's. The value is printed by each directive of strptime, in pandas' order, and the
 * first piece that equals the printed text becomes that directive; a piece of one digit is
 * padded to two for the comparison. The other pieces are literal text. If a number is among
 * them, no format is found: so "13:30 PM" and years of two digits have none. pandas can be
 * misled ("10:05 05/06/2024" takes the minutes for the month). The same happens here, because
 * our frames are to equal pandas' frames.
 *
 * White space is kept as one blank before a piece or at the end, because in strptime a run of
 * white space matches any other run.
 */

#define PIECE_MAX 24
#define PIECES_MAX 48

enum attribute {
	YEAR = 1,
	MONTH = 2,
	DAY = 4,
	HOUR = 8,
	MINUTE = 16,
	SECOND = 32,
	ZONE = 64,
	WEEKDAY = 128,
	MERIDIEM = 256,
	MICROSECOND = 512
};

struct piece {
	struct span source;   /* the piece in the value */
	char text[PIECE_MAX]; /* the text that is compared; empty for a source without room here */
	const char *format;   /* the directive that the piece became; NULL: literal text */
	bool has_space_before;
	size_t at; /* how many pieces and characters of white space come before */
};

struct guess {
	struct reading r; /* completed: no part is unset */
	struct piece pieces[PIECES_MAX];
	size_t n_pieces;
	size_t n_all; /* pieces and characters of white space */
	bool has_space_at_end;
};

/* The directives in pandas' order, with the attributes that each of them prints. */
static const struct candidate {
	const char *format;
	unsigned attributes;
	bool is_padded; /* a piece of one digit is padded to two */
} candidates[] = {
	{ "%Y%m%d%H%M%S", YEAR | MONTH | DAY | HOUR | MINUTE | SECOND, false },
	{ "%Y%m%d%H%M", YEAR | MONTH | DAY | HOUR | MINUTE, false },
	{ "%Y%m%d%H", YEAR | MONTH | DAY | HOUR, false },
	{ "%Y%m%d", YEAR | MONTH | DAY, false },
	{ "%H%M%S", HOUR | MINUTE | SECOND, false },
	{ "%Y", YEAR, false },
	{ "%H%M", HOUR | MINUTE, false },
	{ "%B", MONTH, false },
	{ "%b", MONTH, false },
	{ "%m", MONTH, true },
	{ "%d", DAY, true },
	{ "%H", HOUR, true },
	{ "%M", MINUTE, true },
	{ "%S", SECOND, true },
	{ "%S.%f", SECOND | MICROSECOND, false },
	{ "%z", ZONE, false },
	{ "%Z", ZONE, false }, /* UTC and GMT */
	{ "%a", WEEKDAY, false },
	{ "%A", WEEKDAY, false },
	{ "%p", MERIDIEM, false },
};

/* Prints the first `n` letters of a name, the first of them as a capital. */
static void print_name(char *out, size_t size, struct span name, size_t n)
{
	snprintf(out, size, "%c%.*s", name.data[0] - ('a' - 'A'), (int)n - 1, name.data + 1);
}

static void print_directive(char *out, size_t size, const struct reading *r, char directive)
{
	int32_t minutes = r->offset_s < 0 ? -r->offset_s / 60 : r->offset_s / 60;
	struct span month = token_month_names[r->month - 1];
	struct span weekday = token_weekday_names[r->weekday];

	switch (directive) {
	case 'Y':
		snprintf(out, size, "%d", (int)r->year); /* glibc does not pad years either */
		break;
	case 'm':
		snprintf(out, size, "%02d", (int)r->month);
		break;
	case 'd':
		snprintf(out, size, "%02d", (int)r->day);
		break;
	case 'H':
		snprintf(out, size, "%02d", (int)r->hour);
		break;
	case 'M':
		snprintf(out, size, "%02d", (int)r->minute);
		break;
	case 'S':
		snprintf(out, size, "%02d", (int)r->second);
		break;
	case 'f':
		snprintf(out, size, "%06d", (int)r->microsecond);
		break;
	case 'B':
		print_name(out, size, month, month.size);
		break;
	case 'b':
		print_name(out, size, month, 3);
		break;
	case 'A':
		print_name(out, size, weekday, weekday.size);
		break;
	case 'a':
		print_name(out, size, weekday, 3);
		break;
	case 'p':
		snprintf(out, size, "%s", r->hour < 12 ? "AM" : "PM");
		break;
	case 'Z':
		snprintf(out, size, "%.*s", (int)r->zone_name.size,
		         r->zone_name.size ? r->zone_name.data : "");
		break;
	default:
		snprintf(out, size, "%c%02d%02d", r->offset_s < 0 ? '-' : '+', (int)minutes / 60,
		         (int)minutes % 60);
		break;
	}
}

static void print_format(char *out, const struct reading *r, const char *format)
{
	size_t n = 0;

	out[0] = '\0';
	for (; *format && n < PIECE_MAX - 1; format++) {
		if (*format != '%') {
			out[n++] = *format;
			out[n] = '\0';
			continue;
		}
		print_directive(out + n, PIECE_MAX - n, r, *++format);
		n = strlen(out);
	}
}

/* Pads a piece as pandas does: 1 becomes 01, the empty text 00, and 5.12 becomes 05.120000. */
static void pad_piece(char *out, const char *text, bool is_padded)
{
	const char *point = strchr(text, '.');
	size_t n = strlen(text);

	if (point && scan_is_digit(text[0]) && scan_is_digit(point[1])) {
		int missing = strlen(point + 1) < 6 ? (int)(6 - strlen(point + 1)) : 0;

		snprintf(out, PIECE_MAX, "%s%.*s%.7s%.*s", point - text == 1 ? "0" : "",
		         (int)(point - text), text, point, missing, "000000");
	} else {
		snprintf(out, PIECE_MAX, "%.*s%s", is_padded && n < 2 ? (int)(2 - n) : 0, "00",
		         text);
	}
}

enum kind { DIGIT, LETTER, POINT, SPACE, OTHER };

static enum kind kind_of(const char *p, const char *end)
{
	if (lexer_space(p, end) > 0)
		return SPACE;
	if (scan_is_digit(*p))
		return DIGIT;
	if (scan_is_letter(*p))
		return LETTER;
	return *p == '.' || *p == '/' || *p == ':' ? POINT : OTHER;
}

/* Returns the end of the run of characters of one kind that begins at `p`. */
static const char *run_end(const char *p, const char *end)
{
	enum kind kind = kind_of(p, end);

	while (p < end && kind_of(p, end) == kind)
		p++;
	return p;
}

/*
 * Returns the end of the decimals of a number whose whole part is `p` to `q`, or `q` if it has no
 * decimals. A number with a point before it, or with a second point, has none.
 */
static const char *decimals_end(const char *first, const char *p, const char *q, const char *end)
{
	const char *r;

	if (end - q < 2 || *q != '.' || !scan_is_digit(q[1]) || (p > first && p[-1] == '.'))
		return q;
	r = run_end(q + 1, end);
	return r < end && *r == '.' ? q : r;
}

/* As decimals_end(), for a comma: "59,456" means 59.456 if neither part has decimals of its own. */
static const char *comma_end(const char *first, const char *q, const char *end)
{
	const char *r;

	if (end - q < 2 || *q != ',' || !scan_is_digit(q[1]))
		return q;
	r = run_end(q + 1, end);
	return decimals_end(first, q + 1, r, end) == r ? r : q;
}

static bool add_piece(struct guess *g, struct span source, bool has_space_before)
{
	struct piece *piece = &g->pieces[g->n_pieces];
	char *comma;

	if (g->n_pieces == PIECES_MAX)
		return false;
	g->n_pieces++;
	*piece = (struct piece){ .source = source,
		                 .has_space_before = has_space_before,
		                 .at = g->n_all++ };
	if (source.size < PIECE_MAX)
		memcpy(piece->text, source.data, source.size);
	comma = scan_is_digit(source.data[0]) ? strchr(piece->text, ',') : NULL;
	if (comma)
		*comma = '.';
	return true;
}

/* Cuts by the regular expression in pandas' `_timelex`. False: too many pieces for a format. */
static bool cut_into_pieces(struct guess *g, struct span text)
{
	const char *p = text.data;
	const char *end = p + text.size;
	bool has_space_before = false;

	while (p < end) {
		const char *q;
		size_t space = lexer_space(p, end);

		if (space > 0) {
			has_space_before = true;
			g->n_all++;
			p += space;
			continue;
		}
		q = run_end(p, end);
		if (scan_is_digit(*p)) {
			const char *r = decimals_end(text.data, p, q, end);

			q = r > q ? r : comma_end(text.data, q, end);
		}
		if (!add_piece(g, span_of(p, (size_t)(q - p)), has_space_before))
			return false;
		has_space_before = false;
		p = q;
	}
	g->has_space_at_end = has_space_before;
	return true;
}

static bool is_piece(const struct guess *g, size_t i, const char *text)
{
	return strcmp(g->pieces[i].text, text) == 0;
}

/* Returns the piece `back` places before the end, white space included; n_pieces: there is none. */
static size_t piece_from_end(const struct guess *g, size_t back)
{
	for (size_t i = g->n_pieces; i > 0; i--) {
		if (g->pieces[i - 1].at + back == g->n_all)
			return i - 1;
	}
	return g->n_pieces;
}

static bool is_sign(const struct guess *g, size_t i)
{
	return i < g->n_pieces && (is_piece(g, i, "+") || is_piece(g, i, "-"));
}

/* Replaces a piece "GMT" by what %Z prints, which may be nothing. */
static void replace_gmt(struct guess *g)
{
	for (size_t i = 0; i < g->n_pieces; i++) {
		struct piece *piece = &g->pieces[i];

		if (!is_piece(g, i, "GMT"))
			continue;
		print_format(piece->text, &g->r, "%Z");
		piece->source = span_str(piece->text);
		return;
	}
}

/* Returns the first piece of an offset at the end: Z, +0100 or +01:00; n_pieces: there is none. */
static size_t offset_at_end(const struct guess *g)
{
	size_t i = piece_from_end(g, 1);

	if (i < g->n_pieces && is_piece(g, i, "Z"))
		return i;
	i = piece_from_end(g, 2);
	if (!is_sign(g, i))
		i = piece_from_end(g, 4);
	return is_sign(g, i) ? i : g->n_pieces;
}

/* Makes one piece of an offset, as %z prints it. It is the last piece, whatever follows. */
static void join_zone(struct guess *g)
{
	size_t i = offset_at_end(g);

	if (i == g->n_pieces) {
		replace_gmt(g);
		return;
	}
	print_format(g->pieces[i].text, &g->r, "%z");
	g->n_pieces = i + 1;
	g->has_space_at_end = false;
}

/* Makes directives of pieces, and returns the attributes that were found. */
static unsigned assign_pieces(struct guess *g)
{
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		const struct candidate *candidate = &candidates[i];
		char want[PIECE_MAX];
		char text[PIECE_MAX];

		if ((candidate->attributes & found) ||
		    ((candidate->attributes & ZONE) && !g->r.has_zone))
			continue;
		print_format(want, &g->r, candidate->format);
		for (size_t k = 0; k < g->n_pieces; k++) {
			struct piece *piece = &g->pieces[k];

			pad_piece(text, piece->text, candidate->is_padded);
			if (piece->format || piece->source.size >= PIECE_MAX ||
			    strcmp(text, want) != 0)
				continue;
			piece->format = candidate->format;
			found |= candidate->attributes;
			break;
		}
	}
	return found;
}

static bool is_format(const struct guess *g, size_t i, const char *format)
{
	return g->pieces[i].format && strcmp(g->pieces[i].format, format) == 0;
}

/* Whether year, month and day were found, or the format is the ISO form %Y or %Y-%m. */
static bool is_complete(const struct guess *g, unsigned found)
{
	if ((found & (YEAR | MONTH | DAY)) == (YEAR | MONTH | DAY))
		return true;
	if (g->n_all > g->n_pieces)
		return false;
	if (g->n_pieces == 1)
		return is_format(g, 0, "%Y");
	return g->n_pieces == 3 && is_format(g, 0, "%Y") && !g->pieces[1].format &&
	       is_piece(g, 1, "-") && is_format(g, 2, "%m");
}

static bool append(char *out, size_t capacity, size_t *n, struct span text)
{
	if (text.size > capacity - *n)
		return false;
	memcpy(out + *n, text.data, text.size);
	*n += text.size;
	return true;
}

/* Writes the format and returns its size. 0: there is no room, or a number is literal text. */
static size_t assemble(char *out, size_t capacity, const struct guess *g)
{
	bool is_12_hour = false;
	size_t n = 0;

	for (size_t i = 0; i < g->n_pieces; i++)
		is_12_hour |= is_format(g, i, "%p");
	for (size_t i = 0; i < g->n_pieces; i++) {
		const struct piece *piece = &g->pieces[i];
		struct span text = piece->format ? span_str(piece->format) : piece->source;

		if (!piece->format && text.size > 0 && scan_is_digit(text.data[0]))
			return 0;
		if (is_12_hour && is_format(g, i, "%H")) {
			text = span_str("%I");
			is_12_hour = false;
		}
		if ((piece->has_space_before && !append(out, capacity, &n, span_str(" "))) ||
		    !append(out, capacity, &n, text))
			return 0;
	}
	return !g->has_space_at_end || append(out, capacity, &n, span_str(" ")) ? n : 0;
}

size_t date_format_guess(char *out, size_t capacity, struct span text)
{
	struct guess g = { 0 };
	struct date_format compiled;
	struct timestamp t;
	int64_t value;
	size_t size;

	if (!reading_parse(&g.r, text, reading_this_year()) || !reading_complete(&g.r))
		return 0;
	/* dateutil skips a NUL byte, but no format does. */
	if (memchr(text.data, '\0', text.size) || !cut_into_pieces(&g, text))
		return 0;
	if (g.r.has_zone)
		join_zone(&g);
	if (!is_complete(&g, assign_pieces(&g)))
		return 0;
	size = assemble(out, capacity, &g);
	if (size == 0 || date_format_compile(&compiled, span_of(out, size), NULL) != SHMPUB_OK ||
	    !date_parse(&t, &compiled, NULL, text) ||
	    !timestamp_to_unit(&value, &t, timestamp_unit(&t)))
		return 0;
	return size;
}
