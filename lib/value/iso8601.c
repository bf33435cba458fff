#include "value/iso8601.h"
#include "value/calendar.h"
#include "value/scan.h"

/*
 * ISO 8601, with the other forms that pandas accepts as such (numpy's datetime parser).
 *
 *   [blanks] [-] YYYY [s M[M] [s D[D] [(T|space) time]]]
 *   [blanks] [-] YYYYMMDD [(T|space) time]
 *   time   = HH | H[H]:M[M][:S[S][.f{0,18}]] | HHMM[SS[.f]]  then [blanks] [zone] [blanks]
 *   zone   = Z | (+|-) H[H] [[:] M[M]]
 *
 * s is one of - . / \ and space, the same both times. YYYYMM is no date. In two points pandas
 * has rules of its own: the year before a separator may be missing, and is 0 then; and a minus
 * sign makes the year negative only if it is the first byte of the text.
 *
 * The take_ functions move a cursor over what they parse. Those that return bool return false if
 * the text there is not what they parse.
 */

struct cursor {
	const char *p;
	const char *end;
	struct iso_form *form; /* NULL: the caller does not need it */
};

static void note_byte(struct cursor *c, char byte)
{
	if (!c->form)
		return;
	if (c->form->size < sizeof(c->form->text))
		c->form->text[c->form->size] = byte;
	c->form->size++;
}

static void note_directive(struct cursor *c, char directive)
{
	note_byte(c, '%');
	note_byte(c, directive);
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

static bool take_byte(struct cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

/* Takes one or two digits; exactly two if `needs_both`. */
static bool take_two(int32_t *out, struct cursor *c, bool needs_both)
{
	if (!at_digit(c))
		return false;
	*out = *c->p++ - '0';
	if (at_digit(c)) {
		*out = *out * 10 + (*c->p++ - '0');
		return true;
	}
	return !needs_both;
}

static void take_blanks(struct cursor *c)
{
	for (; c->p < c->end && scan_is_blank(*c->p); c->p++)
		note_byte(c, ' ');
}

/* Takes a byte that is part of the form. */
static bool take_noted(struct cursor *c, char wanted)
{
	if (!take_byte(c, wanted))
		return false;
	note_byte(c, wanted);
	return true;
}

static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '/' || c == '\\' || c == ' ';
}

/* Takes four digits, or fewer after a minus sign. If there are not four, the year is missing: 0. */
static bool take_year(int32_t *out, struct cursor *c, bool negative)
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

static bool take_date(struct date *out, struct cursor *c)
{
	const char *first = c->p;
	char separator = '\0';

	*out = (struct date){ 0, 1, 1 };
	take_blanks(c);
	take_byte(c, '-');
	if (c->p == c->end)
		return false;
	note_directive(c, 'Y');
	if (!take_year(&out->year, c, *first == '-'))
		return false;
	if (c->p == c->end)
		return true;
	if (!at_digit(c)) {
		separator = *c->p++;
		if (!is_separator(separator))
			return false;
		note_byte(c, separator);
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

/* Takes a zone if there is one. */
static bool take_zone(struct timestamp *out, struct cursor *c)
{
	bool negative;
	int32_t hours;
	int32_t minutes = 0;

	if (take_byte(c, 'Z')) {
		note_directive(c, 'z');
		out->has_zone = true;
		out->is_utc = true;
		return true;
	}
	negative = take_byte(c, '-');
	if (!negative && !take_byte(c, '+'))
		return true; /* no zone; the caller decides about other bytes */
	note_directive(c, 'z');
	if (!take_two(&hours, c, false) || hours > 23)
		return false;
	if (c->p < c->end) {
		take_byte(c, ':');
		if (!take_two(&minutes, c, false) || minutes > 59)
			return false;
	}
	out->has_zone = true;
	out->offset_s = (hours * 60 + minutes) * (negative ? -60 : 60);
	return true;
}

/* Takes up to 18 decimals of a second; those after the ninth are dropped. */
static void take_fraction(struct timestamp *out, struct cursor *c)
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

/* Takes a time of day without its zone. */
static bool take_time(struct timestamp *out, struct cursor *c)
{
	const char *first = c->p;
	int32_t hour = 0, minute = 0, second = 0;
	bool has_colons;

	note_directive(c, 'H');
	if (!take_two(&hour, c, false) || hour > 23)
		return false;
	has_colons = take_noted(c, ':');
	if (!has_colons && c->p - first != 2)
		return false;
	if (has_colons || at_digit(c)) {
		note_directive(c, 'M');
		if (!take_two(&minute, c, !has_colons) || minute > 59)
			return false;
		if (has_colons ? take_noted(c, ':') : at_digit(c)) {
			note_directive(c, 'S');
			if (!take_two(&second, c, !has_colons) || second > 59)
				return false;
			if (take_noted(c, '.'))
				take_fraction(out, c);
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
	if (text.size == 0 || !take_date(&d, &c))
		return false;
	out->seconds = calendar_days(d.year, d.month, d.day) * SECONDS_PER_DAY;
	if (c.p == c.end)
		return true;
	if (!take_noted(&c, 'T') && !take_noted(&c, ' '))
		return false;
	if (!take_time(out, &c))
		return false;
	take_blanks(&c);
	if (!take_zone(out, &c))
		return false;
	take_blanks(&c);
	return c.p == c.end;
}

bool value_iso8601(struct timestamp *out, struct span text)
{
	return iso8601_read(out, NULL, text);
}
