/* lib/value: dates and times, their formats, and the guess of a format. */
#include "unit/check.h"

#include "tools/strptime.h"
#include "value/calendar.h"
#include "value/value.h"

/* Microseconds, or nanoseconds where `nano`, since 1970 in UTC. */
struct moment {
	const char *label;
	const char *text;
	bool ok;
	int64_t value;
	bool nano;
	int32_t offset_s;
	bool has_zone;
};

static void check_moment(const struct moment *m, bool ok, const struct timestamp *t)
{
	int64_t value = 0;

	CHECK_INT(m->label, ok, m->ok);
	if (!ok || !m->ok)
		return;
	CHECK_INT(m->label, timestamp_unit(t), m->nano ? SHMPUB_NANOSECOND : SHMPUB_MICROSECOND);
	CHECK(m->label, timestamp_to_unit(&value, t, timestamp_unit(t)));
	CHECK_INT(m->label, value, m->value);
	CHECK_INT(m->label, t->offset_s, m->offset_s);
	CHECK_INT(m->label, t->has_zone, m->has_zone);
}

#define DAY_US INT64_C(86400000000)
#define MARCH_1 (INT64_C(19783) * DAY_US) /* 2024-03-01 */
#define HALF_PAST_9 (INT64_C(34200) * 1000000)

static const struct moment isos[] = {
	{ "date", "2024-03-01", true, MARCH_1, false, 0, false },
	{ "year", "2024", true, 19723 * DAY_US, false, 0, false },
	{ "month", "2024-03", true, MARCH_1, false, 0, false },
	{ "compact", "20240301", true, MARCH_1, false, 0, false },
	{ "one digit", "2024-3-1", true, MARCH_1, false, 0, false },
	{ "slashes", "2024/03/01", true, MARCH_1, false, 0, false },
	{ "leap day", "2024-02-29", true, MARCH_1 - DAY_US, false, 0, false },
	{ "blank before", " 2024-03-01", true, MARCH_1, false, 0, false },
	{ "minutes", "2024-03-01 09:30", true, MARCH_1 + HALF_PAST_9, false, 0, false },
	{ "T", "2024-03-01T09:30:15", true, MARCH_1 + HALF_PAST_9 + 15000000, false, 0, false },
	{ "compact time", "20240301T0930", true, MARCH_1 + HALF_PAST_9, false, 0, false },
	{ "hour", "2024-03-01 09", true, MARCH_1 + 9 * INT64_C(3600000000), false, 0, false },
	{ "decimals", "2024-03-01 09:30:00.5", true, MARCH_1 + HALF_PAST_9 + 500000, false, 0,
	  false },
	{ "no decimals", "2024-03-01 09:30:00.", true, MARCH_1 + HALF_PAST_9, false, 0, false },
	{ "seven decimals", "1970-01-01 00:00:00.1234560", true, 123456000, true, 0, false },
	{ "nine decimals", "1970-01-01 00:00:00.123456789", true, 123456789, true, 0, false },
	{ "more are dropped", "1970-01-01 00:00:00.1234567899", true, 123456789, true, 0, false },
	{ "before 1970", "1969-12-31 23:59:59.999999", true, -1, false, 0, false },
	{ "Z", "2024-03-01T09:30Z", true, MARCH_1 + HALF_PAST_9, false, 0, true },
	{ "offset", "2024-03-01T09:30+05:30", true, MARCH_1 + HALF_PAST_9 - INT64_C(19800000000),
	  false, 19800, true },
	{ "offset without colon", "2024-03-01T09:30-0100", true,
	  MARCH_1 + HALF_PAST_9 + INT64_C(3600000000), false, -3600, true },
	{ "offset behind a blank", "2024-03-01T09:30 +01", true,
	  MARCH_1 + HALF_PAST_9 - INT64_C(3600000000), false, 3600, true },
	{ "first nanosecond", "1677-09-21 00:12:43.145224193", true, -INT64_MAX, true, 0, false },
	{ "last nanosecond", "2262-04-11 23:47:16.854775807", true, INT64_MAX, true, 0, false },
	{ "year 1", "0001-01-01", true, -719162 * DAY_US, false, 0, false },
	{ "year 9999", "9999-12-31", true, 2932896 * DAY_US, false, 0, false },
	{ "empty", "", false, 0, false, 0, false },
	{ "month 13", "2024-13-01", false, 0, false, 0, false },
	{ "day 0", "2024-01-00", false, 0, false, 0, false },
	{ "no leap day", "2023-02-29", false, 0, false, 0, false },
	{ "1900 was no leap year", "1900-02-29", false, 0, false, 0, false },
	{ "YYYYMM", "202403", false, 0, false, 0, false },
	{ "two separators", "2024-03/01", false, 0, false, 0, false },
	{ "separator at the end", "2024-03-", false, 0, false, 0, false },
	{ "hour 24", "2024-03-01 24:00", false, 0, false, 0, false },
	{ "minute 60", "2024-03-01 23:60", false, 0, false, 0, false },
	{ "second 60", "2024-03-01 23:59:60", false, 0, false, 0, false },
	{ "hour of one digit", "2024-03-01 9", false, 0, false, 0, false },
	{ "T at the end", "2024-03-01T", false, 0, false, 0, false },
	{ "colon at the end", "2024-03-01 09:", false, 0, false, 0, false },
	{ "zone on a date", "2024-03-01Z", false, 0, false, 0, false },
	{ "two zones", "2024-03-01T09:30ZZ", false, 0, false, 0, false },
	{ "offset of a day", "2024-03-01T09:30+24:00", false, 0, false, 0, false },
	{ "sign alone", "2024-03-01T09:30+", false, 0, false, 0, false },
	{ "lower case", "2024-03-01t09:30", false, 0, false, 0, false },
	{ "day of the year", "2024-061", false, 0, false, 0, false },
	{ "week", "2024-W10-5", false, 0, false, 0, false },
	{ "a number", "123456", false, 0, false, 0, false },
	{ "19 decimals", "1970-01-01 00:00:00.1234567890123456789", false, 0, false, 0, false },
	{ "something behind", "2024-03-01 09:30 x", false, 0, false, 0, false },
};

static void test_iso8601(void)
{
	for (size_t i = 0; i < ARRAY_LEN(isos); i++) {
		struct timestamp t;
		bool ok = value_iso8601(&t, span_str(isos[i].text));

		check_moment(&isos[i], ok, &t);
	}
}

static void test_bounds(void)
{
	struct timestamp t = { 0 };
	int64_t value;

	CHECK("parses", value_iso8601(&t, span_str("1677-09-21 00:12:43.145224192")));
	CHECK("INT64_MIN is NaT", !timestamp_to_unit(&value, &t, SHMPUB_NANOSECOND));
	CHECK("parses", value_iso8601(&t, span_str("2262-04-11 23:47:16.854775808")));
	CHECK("past the last nanosecond", !timestamp_to_unit(&value, &t, SHMPUB_NANOSECOND));
	CHECK("finer than a microsecond", !timestamp_to_unit(&value, &t, SHMPUB_MICROSECOND));
	CHECK("parses", value_iso8601(&t, span_str("1969-12-31 23:59:59.5")));
	CHECK("finer than a second", !timestamp_to_unit(&value, &t, SHMPUB_SECOND));
	CHECK("milliseconds", timestamp_to_unit(&value, &t, SHMPUB_MILLISECOND));
	CHECK_INT("milliseconds", value, -500);
	CHECK("NaT", value_is_nat(span_str("NaT")) && value_is_nat(span_str("")));
	CHECK("not NaT", !value_is_nat(span_str("NULL")) && !value_is_nat(span_str("NaTs")));
}

/* The calendar against the simplest count there is. */
static void test_calendar(void)
{
	int64_t days = calendar_days(-400, 1, 1);
	int n_wrong = 0;

	for (int32_t year = -400; year <= 2800; year++) {
		for (int32_t month = 1; month <= 12; month++) {
			for (int32_t day = 1; day <= calendar_month_days(year, month);
			     day++, days++) {
				int64_t y;
				int32_t m, d;

				calendar_date(days, &y, &m, &d);
				n_wrong += calendar_days(year, month, day) != days || y != year ||
				           m != month || d != day;
			}
		}
	}
	CHECK_INT("every day of 3,200 years", n_wrong, 0);
	CHECK_INT("epoch", calendar_days(1970, 1, 1), 0);
	CHECK_INT("1970-01-01 was a Thursday", calendar_weekday(0), 3);
	CHECK_INT("and the day before a Wednesday", calendar_weekday(-1), 2);
}

static const struct {
	const char *format;
	struct moment m;
} strptimes[] = {
	{ "%m/%d/%Y", { "US", "3/1/2024", true, MARCH_1, false, 0, false } },
	{ "%d.%m.%y", { "two-digit year", "01.03.24", true, MARCH_1, false, 0, false } },
	{ "%y", { "69 is 1969", "69", true, -365 * DAY_US, false, 0, false } },
	{ "%d %b %Y", { "name", "01 MAR 2024", true, MARCH_1, false, 0, false } },
	{ "%A, %B %d, %Y", { "names", "friday, march 1, 2024", true, MARCH_1, false, 0, false } },
	{ "%Y-%j", { "day of the year", "2024-061", true, MARCH_1, false, 0, false } },
	{ "%G-W%V-%u", { "ISO week", "2024-W09-5", true, MARCH_1, false, 0, false } },
	{ "%Y %W %w", { "week from Monday", "2024 9 5", true, MARCH_1, false, 0, false } },
	{ "%Y %U %w", { "week from Sunday", "2024 8 5", true, MARCH_1, false, 0, false } },
	{ "%Y%m%d %I:%M %p",
	  { "noon", "20240301 12:30 pm", true, MARCH_1 + HALF_PAST_9 + INT64_C(10800000000), false,
	    0, false } },
	{ "%Y%m%d %I:%M %p", { "midnight", "20240301 12:00 AM", true, MARCH_1, false, 0, false } },
	{ "%Y%m%d%H%M",
	  { "no separators", "202403010930", true, MARCH_1 + HALF_PAST_9, false, 0, false } },
	{ "%Y %m%d",
	  { "one-digit month, back-tracking", "2024 301", true, MARCH_1, false, 0, false } },
	{ "%m%d %Y", { "1 and 10, not 11 and 0", "110 1970", true, 9 * DAY_US, false, 0, false } },
	{ "%H:%M:%S.%f",
	  { "1900 when no date", "00:00:00.5", true, -25567 * DAY_US + 500000, false, 0, false } },
	{ "%Y-%m-%d %H:%M:%S.%f",
	  { "nanoseconds", "1970-01-01 00:00:00.000000001", true, 1, true, 0, false } },
	{ "%Y-%m-%d %H:%M:%S",
	  { "second 61", "1970-01-01 00:00:61", true, 61000000, false, 0, false } },
	{ "%Y%m%d %H:%M %z",
	  { "zone", "20240301 09:30 -01:00", true, MARCH_1 + HALF_PAST_9 + INT64_C(3600000000),
	    false, -3600, true } },
	{ "%Y%m%d %Z", { "UTC by name", "20240301 UTC", true, MARCH_1, false, 0, true } },
	{ "%c",
	  { "composed", "Fri Mar  1 09:30:00 2024", true, MARCH_1 + HALF_PAST_9, false, 0,
	    false } },
	{ "100%% %Y", { "percent", "100% 1970", true, 0, false, 0, false } },
	{ "%Y-%m-%d", { "blank behind", "2024-03-01 ", false, 0, false, 0, false } },
	{ "%Y-%m-%d", { "other separator", "2024/03/01", false, 0, false, 0, false } },
	{ "%Y-%m-%d", { "more behind", "2024-03-01x", false, 0, false, 0, false } },
	{ "%Y-%m-%d", { "April has 30 days", "2024-04-31", false, 0, false, 0, false } },
	{ "%d.%m.%Y", { "day 32", "32.01.2024", false, 0, false, 0, false } },
	{ "%d.%m.%Y", { "year 0", "01.01.0000", false, 0, false, 0, false } },
	{ "%I:%M", { "hour 13 of 12", "13:00", false, 0, false, 0, false } },
	{ "%Y%m%d %Z", { "UTC in other letters", "20240301 utc", false, 0, false, 0, false } },
	{ "%Y %Z", { "a longer name", "1970 Etc/Greenwich", true, 0, false, 0, true } },
	{ "%H%N",
	  { "nine decimals", "00000000001", true, -25567 * DAY_US * 1000 + 1, true, 0, false } },
	{ "%G-%V-%u %Y", { "ISO week with year", "2024-09-5 2024", false, 0, false, 0, false } },
	{ "%F", { "not Python's", "2024-03-01", false, 0, false, 0, false } },
	{ "%Y %Z", { "unknown zone", "2024 XYZ", false, 0, false, 0, false } },
	{ "%Y %q", { "no directive", "2024 1", false, 0, false, 0, false } },
	{ "%Y %Y", { "twice", "2024 2024", false, 0, false, 0, false } },
	{ "%Y %", { "lone percent", "2024 %", false, 0, false, 0, false } },
	{ "%Y %W", { "week without weekday", "2024 9", false, 0, false, 0, false } },
	{ "%G-%m-%d", { "ISO year with month", "2024-03-01", false, 0, false, 0, false } },
};

static void test_strptime(void)
{
	for (size_t i = 0; i < ARRAY_LEN(strptimes); i++) {
		struct timestamp t;
		bool ok = value_strptime(&t, span_str(strptimes[i].m.text),
		                         span_str(strptimes[i].format));

		check_moment(&strptimes[i].m, ok, &t);
	}
}

static const struct {
	const char *text;
	const char *want; /* "": none */
} guesses[] = {
	{ "2024-03-01", "%Y-%m-%d" },
	{ "2024", "%Y" },
	{ "2024-03", "%Y-%m" },
	{ "01/02/2024", "%m/%d/%Y" },
	{ "13/02/2024", "%d/%m/%Y" },
	{ "1.2.2024", "%m.%d.%Y" },
	{ "Mar 1 2024", "%b %d %Y" },
	{ "March 1, 2024", "%B %d, %Y" },
	{ "01-Mar-2024", "%d-%b-%Y" },
	{ "Thu Sep 25 10:36:28 2003", "%a %b %d %H:%M:%S %Y" },
	{ "01/02/2024 9:30 AM", "%m/%d/%Y %I:%M %p" },
	{ "2024-03-01T09:30:15.123456789Z", "%Y-%m-%dT%H:%M:%S.%f%z" },
	{ "2024-03-01 09:30:15 +01:00", "%Y-%m-%d %H:%M:%S %z" },
	{ "20240301T093015", "%Y%m%dT%H%M%S" },
	{ "2024-03-01 09:30 UTC", "%Y-%m-%d %H:%M %Z" },
	{ "10:05 05/06/2024", "%H:%m %M/%d/%Y" },
	{ "01/02/24", "" },
	{ "01/02/2024 9:30 PM", "" },
	{ "2024-02-30", "" },
	{ "10:30", "" },
	{ "Mar 2024", "" },
	{ "123456", "" },
	{ "1.5", "" },
	{ "x", "" },
	{ "", "" },
	{ "2024-03-01 09:30 EST", "" },
	{ "MAR 1 2024", "" },
	{ "1/2/2024\xc2\xa0"
	  "3:04",
	  "%m/%d/%Y %H:%M" },
	{ "2024-03-01    ", "%Y-%m-%d " },
	{ "Fri Mar 01 2024 09:30:15 GMT+0100", "%a %b %d %Y %H:%M:%S GMT%z" },
	{ "2024-03-01 09:30:15 GMT", "%Y-%m-%d %H:%M:%S %Z" },
	{ "2024-03-01 09:30:15,456", "" },
};

static void test_guess(void)
{
	for (size_t i = 0; i < ARRAY_LEN(guesses); i++) {
		char out[64];
		size_t n = date_format_guess(out, sizeof(out) - 1, span_str(guesses[i].text));

		out[n] = '\0';
		CHECK_STR(guesses[i].text, out, guesses[i].want);
	}
}

/* No common format: each cell by dateutil's rules. The first is the column's first. */
static const struct moment loose[] = {
	{ "two-digit year", "3/1/24", true, MARCH_1, false, 0, false },
	{ "day first when it must be", "13/3/24", true, MARCH_1 + 12 * DAY_US, false, 0, false },
	{ "PM", "3/1/2024 9:30 PM", true, MARCH_1 + HALF_PAST_9 + DAY_US / 2, false, 0, false },
	{ "noon", "3/1/24 12:00 pm", true, MARCH_1 + DAY_US / 2, false, 0, false },
	{ "no day", "March 2024", true, MARCH_1, false, 0, false },
	{ "day, name, year", "1 Mar 24", true, MARCH_1, false, 0, false },
	{ "comma before milliseconds", "2024-03-01 09:30:00,500", true,
	  MARCH_1 + HALF_PAST_9 + 500000, false, 0, false },
	{ "hours and minutes by letters", "3/1/24 9h30", true, MARCH_1 + HALF_PAST_9, false, 0,
	  false },
	{ "UTC", "3/1/24 09:30 UTC", true, MARCH_1 + HALF_PAST_9, false, 0, true },
	{ "offset", "3/1/24 09:30 -01:00", true, MARCH_1 + HALF_PAST_9 + INT64_C(3600000000), false,
	  -3600, true },
	{ "nanoseconds below milliseconds", "1/1/1970 00:00:00.0010002", true, 1000200, true, 0,
	  false },
	{ "not below microseconds", "1/1/1970 00:00:00.0010012", true, 1001, false, 0, false },
	{ "ISO among them", "2024-03-01T09:30", true, MARCH_1 + HALF_PAST_9, false, 0, false },
	{ "a small number", "12.5", false, 0, false, 0, false },
	{ "a word", "total", false, 0, false, 0, false },
	{ "a time alone", "10:30", false, 0, false, 0, false },
	{ "no such day", "2/30/24", false, 0, false, 0, false },
	{ "a minus in front", "-Mar 1 24", false, 0, false, 0, false },
	{ "hour 25", "3/1/24 25:00", false, 0, false, 0, false },
	{ "13 PM", "3/1/24 13:00 PM", false, 0, false, 0, false },
	{ "unknown zone", "3/1/24 09:30 EST", false, 0, false, 0, false },
	{ "empty", "", false, 0, false, 0, false },
	{ "padded with 28 blanks", "2024-03-01                            ", true, MARCH_1, false,
	  0, false },
	{ "padded with no-break spaces", "3/1/2024\xc2\xa0\xc2\xa0", true, MARCH_1, false, 0,
	  false },
	{ "narrow no-break space before PM",
	  "3/1/2024 9:30\xe2\x80\xaf"
	  "PM",
	  true, MARCH_1 + HALF_PAST_9 + DAY_US / 2, false, 0, false },
	{ "tabs", "2024-03-01\t\t\t", true, MARCH_1, false, 0, false },
	{ "many commas", "1 Mar 2024 , , , , , , , , , , , , , , , , , , , ,", true, MARCH_1, false,
	  0, false },
	{ "leading zeros", "0000001970", true, 0, false, 0, false },
	{ "fifteen digits", "000000000001970", true, 0, false, 0, false },
	{ "weekday and year", "Friday 2019", false, 0, false, 0, false },
	{ "weekday, month, year", "Mon 12/2019", false, 0, false, 0, false },
	{ "weekday with a day", "Fri Mar 1 24", true, MARCH_1, false, 0, false },
	{ "a comma behind two digits", "77,7.5", false, 0, false, 0, false },
	{ "a point and one letter", "2014.T", false, 0, false, 0, false },
	{ "a point in front", ".5.2019", false, 0, false, 0, false },
	{ "a blank and a minus", " - 2019", false, 0, false, 0, false },
	{ "offset of 60 minutes", "2024-03-01T09:30+05:60", true,
	  MARCH_1 + HALF_PAST_9 - INT64_C(21600000000), false, 21600, true },
	{ "offset of a day", "2024-03-01T09:30+23:60", false, 0, false, 0, false },
	{ "p.m.Z", "2024-03-01 9:30 p.m.Z", true, MARCH_1 + HALF_PAST_9 + DAY_US / 2, false, 0,
	  true },
	{ "P.M. is a zone M", "2024-03-01 9:30 P.M.", false, 0, false, 0, false },
	{ "time before the date", "9:30 3/1/2024", true, MARCH_1 + HALF_PAST_9, false, 0, false },
	{ "time before a year is of today", "9:30 2024", false, 0, false, 0, false },
	{ "what is no time before a year", "9:3 1970", true, INT64_C(32580000000), false, 0,
	  false },
	{ "quarter", "1970Q2", true, 90 * DAY_US, false, 0, false },
	{ "quarter behind a blank", "197 Q1", true, -647574 * DAY_US, false, 0, false },
	{ "quarter first", "2Q-70", true, (36525 + 90) * DAY_US, false, 0, false },
	{ "no fifth quarter", "1970Q5", false, 0, false, 0, false },
	{ "GMT-0100 turns round", "3/1/24 09:30 GMT-0100 (CET)", true,
	  MARCH_1 + HALF_PAST_9 - INT64_C(3600000000), false, 3600, true },
	{ "a name behind an offset", "3/1/24 09:30 -0100 (CET)", true,
	  MARCH_1 + HALF_PAST_9 + INT64_C(3600000000), false, -3600, true },
	{ "a long name", "3/1/24 09:30 GMT+0100 (Central European Standard Time)", false, 0, false,
	  0, false },
	{ "decimals behind a comma", "3/1/24 09:30:00,1230000", true,
	  MARCH_1 + HALF_PAST_9 + 123000, false, 0, false },
	{ "decimals of a minute", "3/1/24 09:30.016666667", true, MARCH_1 + HALF_PAST_9 + 1000000,
	  false, 0, false },
	{ "of a year", "Mar 1 of 2024", true, MARCH_1, false, 0, false },
	{ "month of a year", "Mar of 2024", true, MARCH_1, false, 0, false },
};

static void test_loose(void)
{
	struct date_format format;

	CHECK("infer", date_format_infer(&format, span_str(loose[0].text)));
	CHECK_INT("kind", format.kind, DATE_LOOSE);
	format.this_year = 2026;
	for (size_t i = 0; i < ARRAY_LEN(loose); i++) {
		struct timestamp t;
		bool ok = date_parse(&t, &format, NULL, span_str(loose[i].text));

		check_moment(&loose[i], ok, &t);
	}
	CHECK_INT("mixed", date_format_compile(&format, span_str("mixed"), NULL), SHMPUB_OK);
	CHECK_INT("mixed", format.kind, DATE_LOOSE);
}

/* A mainframe's filler; inside a number it makes a word of the number. */
static void test_nul(void)
{
	static const char padded[] = "3/1/2024\0\0\0";
	static const char within[] = "3/1/20\0"
	                             "24";
	struct timestamp t;
	struct date_format format;

	CHECK("infer", date_format_infer(&format, span_of(padded, sizeof(padded) - 1)));
	CHECK_INT("no format", format.kind, DATE_LOOSE);
	CHECK("padded", date_parse(&t, &format, NULL, span_of(padded, sizeof(padded) - 1)));
	CHECK("within", !date_parse(&t, &format, NULL, span_of(within, sizeof(within) - 1)));
}

static const struct {
	const char *label;
	const char *first;
	const char *text;
	bool ok;
} columns[] = {
	{ "the same", "2024-03-01", "1999-12-31", true },
	{ "one-digit day by the format", "2024-03-01", "1999-12-1", true },
	{ "time added", "2024-03-01", "1999-12-31 10:00", false },
	{ "T for blank", "2024-03-01 10:00", "2024-03-01T10:00", false },
	{ "fewer decimals", "2024-03-01 10:00:00.123", "2024-03-01 10:00:00.1", true },
	{ "no decimals", "2024-03-01 10:00:00.123", "2024-03-01 10:00:00", false },
	{ "not a date", "2024-03-01", "2024-13-01", false },
	{ "month first stays", "01/02/2024", "13/02/2024", false },
	{ "name", "Mar 1 2024", "Dec 31 1999", true },
	{ "zones", "2024-03-01T09:30Z", "2024-03-01T09:30+01:00", true },
};

static void test_infer(void)
{
	struct date_format format;

	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		struct date_cache cache = DATE_CACHE_NONE;
		struct timestamp t;

		CHECK(columns[i].label, date_format_infer(&format, span_str(columns[i].first)));
		CHECK(columns[i].label,
		      date_parse(&t, &format, &cache, span_str(columns[i].first)));
		CHECK_INT(columns[i].label,
		          date_parse(&t, &format, &cache, span_str(columns[i].text)),
		          columns[i].ok);
		CHECK(columns[i].label,
		      date_parse(&t, &format, &cache, span_str(columns[i].first)));
	}
	CHECK("no date", !date_format_infer(&format, span_str("12.5")));
	CHECK_INT("ISO8601", date_format_compile(&format, span_str("ISO8601"), NULL), SHMPUB_OK);
	CHECK_INT("kind", format.kind, DATE_ISO8601);
	CHECK_INT("bad directive", date_format_compile(&format, span_str("%q"), NULL), SHMPUB_OK);
	CHECK_INT("fits nothing", format.kind, DATE_NEVER);
	CHECK_INT("bad, and another twice", date_format_compile(&format, span_str("%d%d%e"), NULL),
	          SHMPUB_OK);
	CHECK_INT("fits nothing", format.kind, DATE_NEVER);
	CHECK_INT("twice", date_format_compile(&format, span_str("%c %H"), NULL),
	          SHMPUB_ERR_INVALID);
	CHECK_INT("nothing is left of it", format.kind, DATE_NONE);
}

int main(void)
{
	test_iso8601();
	test_bounds();
	test_calendar();
	test_strptime();
	test_guess();
	test_infer();
	test_loose();
	test_nul();
	return check_report();
}
