#include "value/date_format.h"
#include "value/calendar.h"
#include "value/lexer.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/strptime.h"
#include <stdio.h>

/*
 * Guessing a strptime format from one value, as pandas does (`guess_datetime_format` in
 * pandas/_libs/tslibs/parsing.pyx).
 *
 * The value is read loosely first (reading_parse). Then it is cut into pieces, by other
 * rules than dateutil's. Each attribute that was found is printed in each way strptime
 * knows, in pandas' order, and the first piece that looks exactly like that stands for it;
 * one-digit pieces are filled up to two. What remains is literal, and a number among it
 * means that the guess is wrong. So "13:30 PM" or a two-digit year give no format. pandas
 * can be misled ("10:05 05/06/2024" takes the minutes for the month), and so are we: its
 * frame is the measure.
 *
 * White space is kept only as a blank in front of a piece, or at the end: strptime takes a
 * run of white space for any other, so its size means nothing.
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
	struct span source;
	char text[PIECE_MAX]; /* of the source when it is short; what is compared */
	const char *format;   /* NULL: literal */
	bool spaced;          /* white space stands in front */
	size_t at;            /* how many pieces and white spaces stand in front */
};

struct guess {
	struct reading r; /* nothing unset any more */
	struct piece pieces[PIECES_MAX];
	size_t n_pieces;
	size_t n_all; /* with the white spaces */
	bool ends_spaced;
};

static const char *const month_names[] = { "January",   "February", "March",    "April",
	                                   "May",       "June",     "July",     "August",
	                                   "September", "October",  "November", "December" };
static const char *const weekday_names[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
	                                     "Friday", "Saturday", "Sunday" };

static const struct way {
	const char *format;
	unsigned attributes;
	bool filled; /* one digit may stand for two */
} ways[] = {
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

static void print_directive(char *out, size_t size, const struct reading *r, char directive)
{
	int32_t minutes = r->offset_s < 0 ? -r->offset_s / 60 : r->offset_s / 60;

	switch (directive) {
	case 'Y':
		snprintf(out, size, "%d", (int)r->year); /* unpadded, as glibc does */
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
		snprintf(out, size, "%s", month_names[r->month - 1]);
		break;
	case 'b':
		snprintf(out, size, "%.3s", month_names[r->month - 1]);
		break;
	case 'A':
		snprintf(out, size, "%s", weekday_names[r->weekday]);
		break;
	case 'a':
		snprintf(out, size, "%.3s", weekday_names[r->weekday]);
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

static void print(char *out, const struct reading *r, const char *format)
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

/* A piece as it would be printed: 1 is 01, nothing is 00; 5.12 is 05.120000. */
static void fill(char *out, const char *text, bool filled)
{
	const char *point = strchr(text, '.');
	size_t n = strlen(text);

	if (point && scan_is_digit(text[0]) && scan_is_digit(point[1])) {
		int missing = strlen(point + 1) < 6 ? (int)(6 - strlen(point + 1)) : 0;

		snprintf(out, PIECE_MAX, "%s%.*s%.7s%.*s", point - text == 1 ? "0" : "",
		         (int)(point - text), text, point, missing, "000000");
	} else {
		snprintf(out, PIECE_MAX, "%.*s%s", filled && n < 2 ? (int)(2 - n) : 0, "00", text);
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

/* The end of the run of one kind that begins at `p`. */
static const char *run_end(const char *p, const char *end)
{
	enum kind kind = kind_of(p, end);

	while (p < end && kind_of(p, end) == kind)
		p++;
	return p;
}

/*
 * The end of a number with decimals that begins with the digits up to `q`; `q` when it has
 * none. Behind a point, or with another point behind, there are none.
 */
static const char *decimals_end(const char *first, const char *p, const char *q, const char *end)
{
	const char *r;

	if (end - q < 2 || *q != '.' || !scan_is_digit(q[1]) || (p > first && p[-1] == '.'))
		return q;
	r = run_end(q + 1, end);
	return r < end && *r == '.' ? q : r;
}

/* "59,456" is 59.456 when neither has decimals. */
static const char *comma_end(const char *first, const char *q, const char *end)
{
	const char *r;

	if (end - q < 2 || *q != ',' || !scan_is_digit(q[1]))
		return q;
	r = run_end(q + 1, end);
	return decimals_end(first, q + 1, r, end) == r ? r : q;
}

static bool add_piece(struct guess *g, struct span source, bool spaced)
{
	struct piece *piece = &g->pieces[g->n_pieces];
	char *comma;

	if (g->n_pieces == PIECES_MAX)
		return false;
	g->n_pieces++;
	*piece = (struct piece){ .source = source, .spaced = spaced, .at = g->n_all++ };
	if (source.size < PIECE_MAX)
		memcpy(piece->text, source.data, source.size);
	comma = scan_is_digit(source.data[0]) ? strchr(piece->text, ',') : NULL;
	if (comma)
		*comma = '.';
	return true;
}

/* By the regular expression in pandas' `_timelex`. False: too many pieces for a format. */
static bool cut(struct guess *g, struct span text)
{
	const char *p = text.data;
	const char *end = p + text.size;
	bool spaced = false;

	while (p < end) {
		const char *q;
		size_t space = lexer_space(p, end);

		if (space > 0) {
			spaced = true;
			g->n_all++;
			p += space;
			continue;
		}
		q = run_end(p, end);
		if (scan_is_digit(*p)) {
			const char *r = decimals_end(text.data, p, q, end);

			q = r > q ? r : comma_end(text.data, q, end);
		}
		if (!add_piece(g, span_of(p, (size_t)(q - p)), spaced))
			return false;
		spaced = false;
		p = q;
	}
	g->ends_spaced = spaced;
	return true;
}

static bool is_piece(const struct guess *g, size_t i, const char *text)
{
	return strcmp(g->pieces[i].text, text) == 0;
}

/* The piece `back` places from the end, white spaces counted; n_pieces: there is none. */
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

/* "GMT" is what %Z prints, which may be nothing at all. */
static void replace_gmt(struct guess *g)
{
	for (size_t i = 0; i < g->n_pieces; i++) {
		struct piece *piece = &g->pieces[i];

		if (!is_piece(g, i, "GMT"))
			continue;
		print(piece->text, &g->r, "%Z");
		piece->source = span_str(piece->text);
		return;
	}
}

/* Where an offset at the end begins: "Z", "+0100" or "+01:00"; n_pieces: there is none. */
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

/* One piece for an offset, as %z prints it; what follows is cut off. */
static void join_zone(struct guess *g)
{
	size_t i = offset_at_end(g);

	if (i == g->n_pieces) {
		replace_gmt(g);
		return;
	}
	print(g->pieces[i].text, &g->r, "%z");
	g->n_pieces = i + 1;
	g->ends_spaced = false;
}

static unsigned assign_pieces(struct guess *g)
{
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		char want[PIECE_MAX];
		char text[PIECE_MAX];

		if ((ways[i].attributes & found) || ((ways[i].attributes & ZONE) && !g->r.has_zone))
			continue;
		print(want, &g->r, ways[i].format);
		for (size_t k = 0; k < g->n_pieces; k++) {
			struct piece *piece = &g->pieces[k];

			fill(text, piece->text, ways[i].filled);
			if (piece->format || piece->source.size >= PIECE_MAX ||
			    strcmp(text, want) != 0)
				continue;
			piece->format = ways[i].format;
			found |= ways[i].attributes;
			break;
		}
	}
	return found;
}

static bool is_format(const struct guess *g, size_t i, const char *format)
{
	return g->pieces[i].format && strcmp(g->pieces[i].format, format) == 0;
}

/* Year, month and day must be there, but for the ISO forms %Y and %Y-%m. */
static bool is_enough(const struct guess *g, unsigned found)
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

/* 0: too long, or a number is left over. */
static size_t assemble(char *out, size_t capacity, const struct guess *g)
{
	bool twelve = false;
	size_t n = 0;

	for (size_t i = 0; i < g->n_pieces; i++)
		twelve |= is_format(g, i, "%p");
	for (size_t i = 0; i < g->n_pieces; i++) {
		const struct piece *piece = &g->pieces[i];
		struct span text = piece->format ? span_str(piece->format) : piece->source;

		if (!piece->format && text.size > 0 && scan_is_digit(text.data[0]))
			return 0;
		if (twelve && is_format(g, i, "%H")) {
			text = span_str("%I");
			twelve = false;
		}
		if ((piece->spaced && !append(out, capacity, &n, span_str(" "))) ||
		    !append(out, capacity, &n, text))
			return 0;
	}
	return !g->ends_spaced || append(out, capacity, &n, span_str(" ")) ? n : 0;
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
	/* A NUL byte is passed over by dateutil but by no format. */
	if (memchr(text.data, '\0', text.size) || !cut(&g, text))
		return 0;
	if (g.r.has_zone)
		join_zone(&g);
	if (!is_enough(&g, assign_pieces(&g)))
		return 0;
	size = assemble(out, capacity, &g);
	if (size == 0 || date_format_compile(&compiled, span_of(out, size), NULL) != SHMPUB_OK ||
	    !date_parse(&t, &compiled, NULL, text) ||
	    !timestamp_to_unit(&value, &t, timestamp_unit(&t)))
		return 0;
	return size;
}
