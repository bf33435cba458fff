/* daemon/log_event: each form of one event, and hostile bytes in it. */
#include "unit/check.h"

#include "log_event.h"

#define NOW INT64_C(1769860800987654321) /* 2026-01-31T12:00:00.987Z */

static char out[LOG_RECORD_SIZE + 1];

static const char *written(enum log_form form, const struct log_event *e)
{
	out[log_event_write(out, form, e, NOW)] = '\0';
	return out;
}

static const struct log_event failure = { .level = LOG_LEVEL_WARNING,
	                                  .feed = "quotes",
	                                  .text = "/d/q.csv:7: 5 fields, \"a=b\"",
	                                  .code = SHMPUB_ERR_CSV,
	                                  .line = 7,
	                                  .n_times = 3 };

static const struct log_event table = { .level = LOG_LEVEL_DEBUG,
	                                .feed = "quotes",
	                                .text = "0 rows",
	                                .has_table = true,
	                                .sequence = UINT64_MAX,
	                                .bytes = 4096,
	                                .duration_us = 12 };

static const struct log_event plain = { .level = LOG_LEVEL_ERROR, .text = "lost" };

static const struct {
	const char *label;
	enum log_form form;
	const struct log_event *event;
	const char *want;
} cases[] = {
	{ "text", LOG_FORM_TEXT, &failure,
	  "2026-01-31T12:00:00Z warning: feed quotes: /d/q.csv:7: 5 fields, \"a=b\"\n" },
	{ "text of no feed", LOG_FORM_TEXT, &plain, "2026-01-31T12:00:00Z error: lost\n" },
	{ "levels", LOG_FORM_LEVELS, &failure, "<4>feed quotes: /d/q.csv:7: 5 fields, \"a=b\"\n" },
	{ "levels, debug", LOG_FORM_LEVELS, &table, "<7>feed quotes: 0 rows\n" },
	{ "logfmt", LOG_FORM_LOGFMT, &failure,
	  "time=2026-01-31T12:00:00.987Z level=warning msg=\"/d/q.csv:7: 5 fields, \\\"a=b\\\"\" "
	  "feed=quotes code=csv line=7 times=3\n" },
	{ "logfmt of a table", LOG_FORM_LEVEL_LOGFMT, &table,
	  "<7>time=2026-01-31T12:00:00.987Z level=debug msg=\"0 rows\" feed=quotes "
	  "sequence=18446744073709551615 rows=0 bytes=4096 duration_us=12\n" },
	{ "logfmt of no feed", LOG_FORM_LOGFMT, &plain,
	  "time=2026-01-31T12:00:00.987Z level=error msg=lost\n" },
	{ "journal", LOG_FORM_JOURNAL, &failure,
	  "MESSAGE=feed quotes: /d/q.csv:7: 5 fields, \"a=b\"\nPRIORITY=4\n"
	  "SYSLOG_IDENTIFIER=shmpubd\nFEED=quotes\nCODE=csv\nERROR_LINE=7\nTIMES=3\n" },
	{ "journal of a table", LOG_FORM_JOURNAL, &table,
	  "MESSAGE=feed quotes: 0 rows\nPRIORITY=7\nSYSLOG_IDENTIFIER=shmpubd\nFEED=quotes\n"
	  "SEQUENCE=18446744073709551615\nROWS=0\nBYTES=4096\nDURATION_US=12\n" },
	{ "journal of no feed", LOG_FORM_JOURNAL, &plain,
	  "MESSAGE=lost\nPRIORITY=3\nSYSLOG_IDENTIFIER=shmpubd\n" },
};

static void test_forms(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(cases[i].label, written(cases[i].form, cases[i].event), cases[i].want);
}

static const struct {
	const char *label, *text, *logfmt, *line;
} hostile[] = {
	{ "empty", "", "\"\"", "" },
	{ "one word", "a", "a", "a" },
	{ "blank", "a b", "\"a b\"", "a b" },
	{ "equals", "a=b", "\"a=b\"", "a=b" },
	{ "quote", "\"", "\"\\\"\"", "\"" },
	{ "backslash", "a\\b", "\"a\\\\b\"", "a\\b" },
	{ "newlines", "a\nb\r\tc", "\"a\\nb\\r\\tc\"", "a?b??c" },
	{ "controls", "\001\033[1m\177", "\"\\u0001\\u001b[1m\\u007f\"", "??[1m?" },
	{ "c1 control", "\302\233", "\"\\u009b\"", "\302\233" },
	{ "line separator", "\342\200\250", "\"\\u2028\"", "\342\200\250" },
	{ "utf-8", "\303\244", "\303\244", "\303\244" },
	{ "no utf-8", "a\377\300\200", "\"a\\ufffd\\ufffd\\ufffd\"", "a\377\300\200" },
	{ "half a character", "\342\202", "\"\\ufffd\\ufffd\"", "\342\202" },
};

static void test_hostile_text(void)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct log_event e = { .level = LOG_LEVEL_INFO, .text = hostile[i].text };
		char want[256];

		snprintf(want, sizeof(want), "time=2026-01-31T12:00:00.987Z level=info msg=%s\n",
		         hostile[i].logfmt);
		CHECK_STR(hostile[i].label, written(LOG_FORM_LOGFMT, &e), want);
		snprintf(want, sizeof(want), "<6>%s\n", hostile[i].line);
		CHECK_STR(hostile[i].label, written(LOG_FORM_LEVELS, &e), want);
	}
}

/* A value with a newline has its size in front: what stands in it is no other field. */
static void test_newline_for_the_journal(void)
{
	static const char want[] = "MESSAGE\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n"
	                           "PRIORITY=6\nSYSLOG_IDENTIFIER=shmpubd\n";
	struct log_event e = { .level = LOG_LEVEL_INFO, .text = "a\nPRIORITY=0" };
	size_t n = log_event_write(out, LOG_FORM_JOURNAL, &e, NOW);

	CHECK_INT("size", n, sizeof(want) - 1);
	CHECK("bytes", n == sizeof(want) - 1 && memcmp(out, want, sizeof(want) - 1) == 0);
}

/* The worst text fits into a record, and what is longer ends with a whole character. */
static void test_bounds(void)
{
	static char text[4 * LOG_TEXT_SIZE];
	struct log_event e = failure;
	size_t n;

	memset(text, 1, sizeof(text) - 1);
	e.text = e.feed = text;
	for (int form = LOG_FORM_TEXT; form <= LOG_FORM_JOURNAL; form++) {
		memset(out, 'x', sizeof(out));
		n = log_event_write(out, (enum log_form)form, &e, NOW);
		CHECK("it fits", n < LOG_RECORD_SIZE && out[n] == 'x');
		CHECK_INT("and ends", out[n - 1], '\n');
	}
	CHECK("nothing is left out", strstr(written(LOG_FORM_LOGFMT, &e), " times=3\n") != NULL);
	e = plain;
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\342\202\254", 4);
	e.text = text;
	CHECK("no half character", strstr(written(LOG_FORM_LOGFMT, &e), "fffd") == NULL);
}

int main(void)
{
	test_forms();
	test_hostile_text();
	test_newline_for_the_journal();
	test_bounds();
	return check_report();
}
