#include "value/strptime.h"
#include "value/calendar.h"
#include "value/lexer.h"
#include "value/scan.h"
#include "value/token.h"

/*
 * Python's strptime(), where a format is a regular expression.
 *
 * A directive may match text of several lengths. They are tried in the order of the alternatives
 * in Python's expression, until the rest of the format matches too: "%m%d" reads 110 as 1 and
 * 10. Each directive occurs once and matches at most nine lengths, so the format bounds the
 * search, not the text.
 *
 * Then the date is computed from the fields as in Python's datetime.strptime(): from month and
 * day, from the day of the year, or from week and weekday (%U, %W, or %G with %V).
 */

enum { UNSET = -1 };

struct fields {
	int32_t year, month, day, day_of_year;
	int32_t hour, minute, second;
	int32_t weekday; /* Monday is 0 */
	int32_t week, iso_year, iso_week;
	bool weeks_from_sunday; /* `week` counts weeks that begin on Sunday, not on Monday */
	int32_t ampm;           /* 0: am, 1: pm */
	bool is_12_hour;        /* `hour` is one of 12, to be combined with `ampm` */
	bool is_mixed_zone;     /* one colon of two is missing: Python refuses the match */
	bool is_other_case;     /* a name of UTC in other letters than usual */
	struct timestamp t;     /* the fraction of the second, and the zone */
};

/* The numeric directives, with the range of a number of 1, 2, 3 and 4 digits; { 1, 0 }: none. */
static const struct numeric {
	char directive;
	struct {
		int16_t low, high;
	} by_size[4];
} numerics[] = {
#define NO                                                                                         \
	{                                                                                          \
		1, 0                                                                               \
	}
	{ 'Y', { NO, NO, NO, { 0, 9999 } } },
	{ 'y', { NO, { 0, 99 }, NO, NO } },
	{ 'm', { { 1, 9 }, { 1, 12 }, NO, NO } },
	{ 'd', { { 1, 9 }, { 1, 31 }, NO, NO } },
	{ 'j', { { 1, 9 }, { 1, 99 }, { 1, 366 }, NO } },
	{ 'H', { { 0, 9 }, { 0, 23 }, NO, NO } },
	{ 'I', { { 1, 9 }, { 1, 12 }, NO, NO } },
	{ 'M', { { 0, 9 }, { 0, 59 }, NO, NO } },
	{ 'S', { { 0, 9 }, { 0, 61 }, NO, NO } },
	{ 'w', { { 0, 6 }, NO, NO, NO } },
	{ 'u', { { 1, 7 }, NO, NO, NO } },
	{ 'U', { { 0, 9 }, { 0, 53 }, NO, NO } },
	{ 'W', { { 0, 9 }, { 0, 53 }, NO, NO } },
	{ 'V', { { 0, 9 }, { 1, 53 }, NO, NO } },
	{ 'G', { NO, NO, NO, { 0, 9999 } } },
#undef NO
};

/* The names of UTC. Names of other zones would need the machine's zone tables. */
static const char *const utc_names[] = {
	"UTC",           "GMT",      "Zulu",     "UCT",       "Universal", "Greenwich",
	"GMT0",          "GMT+0",    "GMT-0",    "Etc/UTC",   "Etc/GMT",   "Etc/UCT",
	"Etc/Universal", "Etc/Zulu", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/Greenwich",
};

static const struct numeric *find_numeric(char directive)
{
	for (size_t i = 0; i < ARRAY_LEN(numerics); i++) {
		if (numerics[i].directive == directive)
			return &numerics[i];
	}
	return NULL;
}

bool strptime_knows(char directive)
{
	return directive != '\0' &&
	       (find_numeric(directive) != NULL || strchr("aAbBpfNzZ", directive) != NULL);
}

static void set_number(struct fields *f, char directive, int32_t n)
{
	switch (directive) {
	case 'Y':
		f->year = n;
		break;
	case 'y':
		f->year = n <= 68 ? 2000 + n : 1900 + n;
		break;
	case 'm':
		f->month = n;
		break;
	case 'd':
		f->day = n;
		break;
	case 'j':
		f->day_of_year = n;
		break;
	case 'H':
		f->hour = n; /* of %H and %I, the later one counts */
		f->is_12_hour = false;
		break;
	case 'I':
		f->hour = n;
		f->is_12_hour = true;
		break;
	case 'M':
		f->minute = n;
		break;
	case 'S':
		f->second = n;
		break;
	case 'w':
		f->weekday = (n + 6) % 7;
		break;
	case 'u':
		f->weekday = n - 1;
		break;
	case 'U':
		f->week = n;
		f->weeks_from_sunday = true;
		break;
	case 'W':
		f->week = n;
		break;
	case 'V':
		f->iso_week = n;
		break;
	default:
		f->iso_year = n;
		break;
	}
}

/* Takes all of `text` as a number. For a day Python allows a blank in place of the first digit. */
static bool take_number(struct fields *f, const struct numeric *n, struct span text)
{
	int32_t value = 0;
	size_t i = 0;

	if (text.size == 2 && n->directive == 'd' && text.data[0] == ' ')
		i = 1;
	for (size_t k = i; k < text.size; k++) {
		if (!scan_is_digit(text.data[k]))
			return false;
		value = value * 10 + (text.data[k] - '0');
	}
	if (value < n->by_size[text.size - i - 1].low || value > n->by_size[text.size - i - 1].high)
		return false;
	set_number(f, n->directive, value);
	return true;
}

static bool take_fraction(struct fields *f, struct span text)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 9; i++) {
		value *= 10;
		if (i < text.size) {
			if (!scan_is_digit(text.data[i]))
				return false;
			value += (uint32_t)(text.data[i] - '0');
		}
	}
	f->t.nanoseconds = value;
	f->t.digits = (int8_t)text.size;
	return true;
}

/* Takes two digits off *text. */
static bool take_two_digits(int32_t *out, struct span *text, int32_t high)
{
	if (text->size < 2 || !scan_is_digit(text->data[0]) || !scan_is_digit(text->data[1]))
		return false;
	*out = (text->data[0] - '0') * 10 + (text->data[1] - '0');
	*text = span_of(text->data + 2, text->size - 2);
	return *out <= high;
}

/* Takes one byte off *text, if it is `c`. */
static bool take_byte(struct span *text, char c)
{
	if (text->size == 0 || text->data[0] != c)
		return false;
	*text = span_of(text->data + 1, text->size - 1);
	return true;
}

/* Takes +hh[:]mm[[:]ss[.ffffff]] or Z; seconds are checked and dropped. */
static bool take_zone(struct fields *f, struct span text)
{
	int32_t hours, minutes, seconds;
	bool negative;
	bool colon;

	f->t.has_zone = true;
	if (text.size == 1)
		return f->t.is_utc = text.data[0] == 'Z';
	negative = take_byte(&text, '-');
	if (!negative && !take_byte(&text, '+'))
		return false;
	if (!take_two_digits(&hours, &text, 23))
		return false;
	colon = take_byte(&text, ':');
	if (!take_two_digits(&minutes, &text, 59))
		return false;
	if (text.size > 0) {
		f->is_mixed_zone = take_byte(&text, ':') != colon;
		if (!take_two_digits(&seconds, &text, 59))
			return false;
		if (text.size > 0 && (!take_byte(&text, '.') || text.size == 0 || text.size > 6))
			return false;
		for (size_t i = 0; i < text.size; i++) {
			if (!scan_is_digit(text.data[i]))
				return false;
		}
	}
	f->t.offset_s = (hours * 60 + minutes) * (negative ? -60 : 60);
	return true;
}

/* Returns the index of a name, or of its first three letters if `is_short`; -1: there is none. */
static int32_t find_name(struct span text, const struct span *names, int32_t n, bool is_short)
{
	for (int32_t i = 0; i < n; i++) {
		if (scan_is_word(text, names[i].data, is_short ? 3 : names[i].size))
			return i;
	}
	return -1;
}

static bool take_zone_name(struct fields *f, struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(utc_names); i++) {
		size_t size = strlen(utc_names[i]);
		size_t k = 0;

		while (k < size && k < text.size &&
		       scan_lower(text.data[k]) == scan_lower(utc_names[i][k]))
			k++;
		if (k < size || k < text.size)
			continue;
		f->t.has_zone = true;
		f->t.is_utc = true;
		f->is_other_case = !span_is(text, utc_names[i]);
		return true;
	}
	return false;
}

static bool take_name(struct fields *f, char directive, struct span text)
{
	int32_t i;

	switch (directive) {
	case 'a':
	case 'A':
		i = find_name(text, token_weekday_names, 7, directive == 'a');
		f->weekday = i;
		return i >= 0;
	case 'b':
	case 'B':
		i = find_name(text, token_month_names, 12, directive == 'b');
		f->month = i + 1;
		return i >= 0;
	case 'p':
		f->ampm = scan_is_word(text, "pm", 2);
		return f->ampm || scan_is_word(text, "am", 2);
	default:
		return take_zone_name(f, text);
	}
}

/* Sets the smallest and the largest size of text that a directive can match. */
static void get_sizes(size_t *low, size_t *high, char directive)
{
	const struct numeric *n = find_numeric(directive);

	*low = 1;
	*high = 9;
	if (n) {
		while (n->by_size[*low - 1].low > n->by_size[*low - 1].high)
			++*low;
		*high = 4;
		while (n->by_size[*high - 1].low > n->by_size[*high - 1].high)
			--*high;
	} else if (directive == 'z') {
		*high = 16;
	} else if (directive == 'a' || directive == 'b') {
		*low = *high = 3;
	} else if (directive == 'p') {
		*low = *high = 2;
	} else if (directive == 'Z') {
		*low = 3;
		*high = 13;
	} else if (directive != 'f') {
		*low = directive == 'N' ? 9 : 3;
	}
}

/* Takes all of `text` as the value of a directive. */
static bool take_directive(struct fields *f, char directive, struct span text)
{
	const struct numeric *n = find_numeric(directive);

	if (n)
		return take_number(f, n, text);
	if (directive == 'f' || directive == 'N')
		return take_fraction(f, text);
	if (directive == 'z')
		return take_zone(f, text);
	return take_name(f, directive, text);
}

static bool match(struct fields *f, const struct date_part *parts, size_t n_parts, struct span text)
{
	size_t low, high;

	for (; n_parts > 0 && parts->directive == '\0'; parts++, n_parts--) {
		if (text.size == 0 || scan_lower(text.data[0]) != parts->literal)
			return false;
		text = span_of(text.data + 1, text.size - 1);
	}
	if (n_parts == 0)
		return text.size == 0;
	if (parts->directive == ' ') {
		/* No later part needs a blank: %d can match one, but matches without it too. */
		const char *end = text.data + text.size;
		const char *p = lexer_skip_spaces(text.data, end);

		return p > text.data &&
		       match(f, parts + 1, n_parts - 1, span_of(p, (size_t)(end - p)));
	}
	get_sizes(&low, &high, parts->directive);
	for (size_t size = high < text.size ? high : text.size; size >= low; size--) {
		struct fields tried = *f;

		if (take_directive(&tried, parts->directive, span_of(text.data, size)) &&
		    match(&tried, parts + 1, n_parts - 1,
		          span_of(text.data + size, text.size - size))) {
			*f = tried;
			return true;
		}
	}
	return false;
}

/* Returns the day of the year, from the week and weekday; it may lie outside, as in Python. */
static int32_t day_from_week(const struct fields *f)
{
	int32_t first = calendar_weekday(calendar_days(f->year, 1, 1));
	int32_t weekday = f->weekday;
	int32_t week_0;

	if (f->weeks_from_sunday) {
		first = (first + 1) % 7;
		weekday = (weekday + 1) % 7;
	}
	week_0 = (7 - first) % 7;
	if (f->week == 0)
		return 1 + weekday - first;
	return 1 + week_0 + 7 * (f->week - 1) + weekday;
}

static bool resolve_date(int64_t *days, struct fields *f)
{
	if (f->day_of_year == UNSET && f->weekday != UNSET) {
		if (f->week != UNSET) {
			f->day_of_year = day_from_week(f);
		} else if (f->iso_year != UNSET && f->iso_week != UNSET) {
			int64_t january_4th = calendar_days(f->iso_year, 1, 4);

			if (f->iso_year < 1 || f->iso_week < 1)
				return false;
			*days = january_4th - calendar_weekday(january_4th) +
			        7 * (f->iso_week - 1) + f->weekday;
			return true;
		}
	}
	if (f->year < 1)
		return false;
	if (f->day_of_year != UNSET) {
		*days = calendar_days(f->year, 1, 1) + f->day_of_year - 1;
		return true;
	}
	if (f->day > calendar_month_days(f->year, f->month))
		return false;
	*days = calendar_days(f->year, f->month, f->day);
	return true;
}

#define FIELDS_NONE                                                                                \
	((struct fields){                                                                          \
	        .year = 1900,                                                                      \
	        .month = 1,                                                                        \
	        .day = 1,                                                                          \
	        .day_of_year = UNSET,                                                              \
	        .weekday = UNSET,                                                                  \
	        .week = UNSET,                                                                     \
	        .iso_year = UNSET,                                                                 \
	        .iso_week = UNSET,                                                                 \
	})

bool strptime_zone_has_other_case(const struct date_part *parts, size_t n_parts, struct span text)
{
	struct fields f = FIELDS_NONE;

	return match(&f, parts, n_parts, text) && f.is_other_case;
}

bool strptime_parts(struct timestamp *out, const struct date_part *parts, size_t n_parts,
                    struct span text)
{
	struct fields f = FIELDS_NONE;
	int64_t days;

	if (!match(&f, parts, n_parts, text) || f.is_mixed_zone || f.is_other_case ||
	    !resolve_date(&days, &f))
		return false;
	if (f.is_12_hour)
		f.hour = f.hour % 12 + (f.ampm == 1 ? 12 : 0);
	*out = f.t;
	out->seconds = days * SECONDS_PER_DAY + f.hour * 3600 + f.minute * 60 + f.second;
	return true;
}
