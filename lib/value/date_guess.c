#include "value/date_format.h"
#include "value/calendar.h"
#include "value/reading.h"
#include "value/scan.h"
#include "value/strptime.h"
#include <stdio.h>

/*
 * Guessing a strptime format from one value, as pandas does.
 *
 * The value is read loosely first (reading_parse). Then each attribute that was found is
 * printed in each way strptime knows, in pandas' order, and the first token that looks
 * exactly like that stands for it; one-digit tokens are filled up to two. What remains is
 * literal, and a number among it means that the guess is wrong. So "13:30 PM" or a
 * two-digit year give no format. pandas can be misled ("10:05 05/06/2024" takes the
 * minutes for the month), and so are we: its frame is the measure.
 */

#define TOKEN_MAX 24

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

struct guess {
	struct reading r; /* nothing unset any more, but the weekday */
	char tokens[READ_TOKENS_MAX][TOKEN_MAX];
	const char *formats[READ_TOKENS_MAX]; /* NULL: literal */
	size_t n_tokens;
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
		snprintf(out, size, "%s", span_is(r->zone_name, "GMT") ? "GMT" : "UTC");
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
	for (; *format && n < TOKEN_MAX - 1; format++) {
		if (*format != '%') {
			out[n++] = *format;
			out[n] = '\0';
			continue;
		}
		print_directive(out + n, TOKEN_MAX - n, r, *++format);
		n = strlen(out);
	}
}

/* A token as it would be printed: 1 is 01; 5.12 is 05.120000. */
static void fill(char *out, const char *token, bool filled)
{
	const char *point = strchr(token, '.');
	size_t n = strlen(token);

	if (point && scan_is_digit(token[0]) && scan_is_digit(point[1])) {
		int missing = strlen(point + 1) < 6 ? (int)(6 - strlen(point + 1)) : 0;

		snprintf(out, TOKEN_MAX, "%s%.*s%.7s%.*s", point - token == 1 ? "0" : "",
		         (int)(point - token), token, point, missing, "000000");
	} else {
		snprintf(out, TOKEN_MAX, "%s%s", filled && n == 1 ? "0" : "", token);
	}
}

/* One token for a zone, as %z prints it; what follows it is cut off. */
static void join_zone(struct guess *g)
{
	size_t n = g->n_tokens;
	size_t at;

#define IS_SIGN(i) (strcmp(g->tokens[i], "+") == 0 || strcmp(g->tokens[i], "-") == 0)
	if (n > 0 && strcmp(g->tokens[n - 1], "Z") == 0)
		at = n - 1;
	else if (n > 1 && IS_SIGN(n - 2))
		at = n - 2;
	else if (n > 3 && IS_SIGN(n - 4))
		at = n - 4;
	else
		return;
#undef IS_SIGN
	print(g->tokens[at], &g->r, "%z");
	g->n_tokens = at + 1;
}

static unsigned assign_tokens(struct guess *g)
{
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		char want[TOKEN_MAX];
		char token[TOKEN_MAX];

		if ((ways[i].attributes & found) || ((ways[i].attributes & ZONE) && !g->r.has_zone))
			continue;
		print(want, &g->r, ways[i].format);
		for (size_t k = 0; k < g->n_tokens; k++) {
			fill(token, g->tokens[k], ways[i].filled);
			if (g->formats[k] || strcmp(token, want) != 0)
				continue;
			memcpy(g->tokens[k], token, sizeof(token));
			g->formats[k] = ways[i].format;
			found |= ways[i].attributes;
			break;
		}
	}
	return found;
}

static bool is_format(const struct guess *g, size_t i, const char *format)
{
	return g->formats[i] && strcmp(g->formats[i], format) == 0;
}

/* Year, month and day must be there, but for the ISO forms %Y and %Y-%m. */
static bool is_enough(const struct guess *g, unsigned found)
{
	if ((found & (YEAR | MONTH | DAY)) == (YEAR | MONTH | DAY))
		return true;
	if (g->n_tokens == 1)
		return is_format(g, 0, "%Y");
	return g->n_tokens == 3 && is_format(g, 0, "%Y") && !g->formats[1] &&
	       strcmp(g->tokens[1], "-") == 0 && is_format(g, 2, "%m");
}

static size_t assemble(char *out, size_t capacity, const struct guess *g)
{
	bool twelve = false;
	size_t n = 0;

	for (size_t i = 0; i < g->n_tokens; i++)
		twelve |= is_format(g, i, "%p");
	for (size_t i = 0; i < g->n_tokens; i++) {
		const char *text = g->formats[i] ? g->formats[i] : g->tokens[i];
		size_t size;

		if (!g->formats[i] && scan_is_digit(text[0]))
			return 0;
		if (twelve && is_format(g, i, "%H")) {
			text = "%I";
			twelve = false;
		}
		size = strlen(text);
		if (size > capacity - n)
			return 0;
		memcpy(out + n, text, size);
		n += size;
	}
	return n;
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
	g.n_tokens = g.r.n_tokens;
	for (size_t i = 0; i < g.n_tokens; i++) {
		if (g.r.tokens[i].size >= TOKEN_MAX)
			return 0;
		memcpy(g.tokens[i], g.r.tokens[i].data, g.r.tokens[i].size);
	}
	if (g.r.has_zone)
		join_zone(&g);
	if (!is_enough(&g, assign_tokens(&g)))
		return 0;
	size = assemble(out, capacity, &g);
	if (size == 0 || date_format_compile(&compiled, span_of(out, size), NULL) != SHMPUB_OK ||
	    !date_parse(&t, &compiled, NULL, text) ||
	    !timestamp_to_unit(&value, &t, timestamp_unit(&t)))
		return 0;
	return size;
}
