#include "value/iso8601.h"
#include "value/calendar.h"
#include "value/scan.h"

/*
 * ISO 8601, and the liberties that pandas takes with it (numpy's datetime parser).
 *
 *   [blanks] [-] YYYY [s M[M] [s D[D] [(T|space) time]]]     s one of - . / \ space, twice the same
 *   [blanks] [-] YYYYMMDD [(T|space) time | HHMM...]         no separators: two digits each
 *   time   = HH | H[H]:M[M][:S[S][.f{0,18}]] | HHMM[SS[.f]]  then [blanks] [zone] [blanks]
 *   zone   = Z | (+|-) H[H] [[:] M[M]]
 * YYYYMM is no date. A year may be missing in front of a separator (it is 0 then), and a
 * minus sign counts only as the very first byte: both are pandas' own.
 *
 * The parser is a cursor over the text; each part says what it leaves behind.
 */

struct cursor {
	const char *p;
	const char *end;
	struct iso_form *form; /* NULL: nobody asks */
};

static void note(struct cursor *c, char byte)
{
	if (!c->form)
		return;
	if (c->form->size < sizeof(c->form->text))
		c->form->text[c->form->size] = byte;
	c->form->size++;
}

static void note_directive(struct cursor *c, char directive)
{
	note(c, '%');
	note(c, directive);
}

struct date {
	int32_t year;
	int32_t month;
	int32_t day;
};

static bool at_digit(const struct cursor *c)
{
	return c->p < c->end && scan_is_digit(*c->p);
}

static bool take(struct cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

/* One or two digits; exactly two when `both`. */
static bool take_two(int32_t *out, struct cursor *c, bool both)
{
	if (!at_digit(c))
		return false;
	*out = *c->p++ - '0';
	if (at_digit(c)) {
		*out = *out * 10 + (*c->p++ - '0');
		return true;
	}
	return !both;
}

static void skip_blanks(struct cursor *c)
{
	for (; c->p < c->end && scan_is_blank(*c->p); c->p++)
		note(c, ' ');
}

/* A byte that a format spells as it is. */
static bool take_noted(struct cursor *c, char wanted)
{
	if (!take(c, wanted))
		return false;
	note(c, wanted);
	return true;
}

static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '/' || c == '\\' || c == ' ';
}

/* Four digits; behind a minus sign fewer will do; else none are taken and it is year 0. */
static bool year(int32_t *out, struct cursor *c, bool negative)
{
	int n = 0;

	while (n < 4 && n < c->end - c->p && scan_is_digit(c->p[n]))
		n++;
	*out = 0;
	if (n < 4 && !negative)
		return true;
	for (int i = 0; i < n; i++)
		*out = *out * 10 + (*c->p++ - '0');
	if (negative)
		*out = -*out;
	return n > 0;
}

static bool date(struct date *out, struct cursor *c)
{
	const char *first = c->p;
	char separator = '\0';

	*out = (struct date){ 0, 1, 1 };
	skip_blanks(c);
	take(c, '-');
	if (c->p == c->end)
		return false;
	note_directive(c, 'Y');
	if (!year(&out->year, c, *first == '-'))
		return false;
	if (c->p == c->end)
		return true;
	if (!at_digit(c)) {
		separator = *c->p++;
		if (!is_separator(separator))
			return false;
		note(c, separator);
	}
	note_directive(c, 'm');
	if (!take_two(&out->month, c, !separator) || out->month < 1 || out->month > 12)
		return false;
	if (c->p == c->end)
		return separator != '\0';
	if (separator && !take_noted(c, separator))
		return false;
	note_directive(c, 'd');
	if (!take_two(&out->day, c, !separator))
		return false;
	return out->day >= 1 && out->day <= calendar_month_days(out->year, out->month);
}

static bool zone(struct timestamp *out, struct cursor *c)
{
	bool negative;
	int32_t hours;
	int32_t minutes = 0;

	if (take(c, 'Z')) {
		note_directive(c, 'z');
		out->has_zone = true;
		out->is_utc = true;
		return true;
	}
	negative = take(c, '-');
	if (!negative && !take(c, '+'))
		return true; /* none; what stands here is not ours to judge */
	note_directive(c, 'z');
	if (!take_two(&hours, c, false) || hours > 23)
		return false;
	if (c->p < c->end) {
		take(c, ':');
		if (!take_two(&minutes, c, false) || minutes > 59)
			return false;
	}
	out->has_zone = true;
	out->offset_s = (hours * 60 + minutes) * (negative ? -60 : 60);
	return true;
}

/* Up to 18 decimals; those after the ninth are dropped. */
static void fraction(struct timestamp *out, struct cursor *c)
{
	uint32_t value = 0;
	int n = 0;

	note_directive(c, 'f');
	for (; n < 18 && at_digit(c); n++, c->p++) {
		if (n < 9)
			value = value * 10 + (uint32_t)(*c->p - '0');
	}
	out->digits = (int8_t)(n < 9 ? n : 9);
	for (; n < 9; n++)
		value *= 10;
	out->nanoseconds = value;
}

/* Up to where a zone may follow. */
static bool time_of_day(struct timestamp *out, struct cursor *c)
{
	const char *first = c->p;
	int32_t hour = 0, minute = 0, second = 0;
	bool colons;

	note_directive(c, 'H');
	if (!take_two(&hour, c, false) || hour > 23)
		return false;
	colons = take_noted(c, ':');
	if (!colons && c->p - first != 2)
		return false;
	if (colons || at_digit(c)) {
		note_directive(c, 'M');
		if (!take_two(&minute, c, !colons) || minute > 59)
			return false;
		if (colons ? take_noted(c, ':') : at_digit(c)) {
			note_directive(c, 'S');
			if (!take_two(&second, c, !colons) || second > 59)
				return false;
			if (take_noted(c, '.'))
				fraction(out, c);
		}
	}
	out->seconds += hour * 3600 + minute * 60 + second;
	return true;
}

bool iso8601_read(struct timestamp *out, struct iso_form *form, struct span text)
{
	struct cursor c = { text.data, text.data + text.size, form };
	struct date d;

	*out = (struct timestamp){ 0 };
	if (form)
		form->size = 0;
	if (text.size == 0 || !date(&d, &c))
		return false;
	out->seconds = calendar_days(d.year, d.month, d.day) * SECONDS_PER_DAY;
	if (c.p == c.end)
		return true;
	if (!take_noted(&c, 'T') && !take_noted(&c, ' '))
		return false;
	if (!time_of_day(out, &c))
		return false;
	skip_blanks(&c);
	if (!zone(out, &c))
		return false;
	skip_blanks(&c);
	return c.p == c.end;
}

bool value_iso8601(struct timestamp *out, struct span text)
{
	return iso8601_read(out, NULL, text);
}
