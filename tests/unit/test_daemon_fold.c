/* daemon/fold: which lines are told, and how many were not. */
#include "unit/check.h"

#include "fold.h"

static struct fold_told told;

static void test_one_line(void)
{
	struct fold f = { .others = { .n_more = 0 } };
	uint64_t now = 5;

	CHECK("at once", fold_take(&told, &f, "x", now));
	CHECK_INT("nothing before", told.n_more, 0);
	for (int i = 0; i < 100; i++)
		CHECK("not again", !fold_take(&told, &f, "x", now + 10));
	CHECK("another one at once", fold_take(&told, &f, "y", now + 11));
	CHECK("nothing due", !fold_due(&told, &f, now + FOLD_MS - 1, false));
	CHECK("due", fold_due(&told, &f, now + FOLD_MS, false));
	CHECK_STR("which", told.text, "x");
	CHECK_INT("how often", told.n_more, 100);
	CHECK_INT("in what time", told.passed_ms, FOLD_MS);
	CHECK("once", !fold_due(&told, &f, now + FOLD_MS, false));
	CHECK("the minute begins again", !fold_take(&told, &f, "x", now + FOLD_MS + 1));
	CHECK("and ends by the line itself", fold_take(&told, &f, "x", now + 3 * FOLD_MS));
	CHECK_INT("which tells the count", told.n_more, 1);
	CHECK("told again when it is old", fold_take(&told, &f, "y", now + 3 * FOLD_MS));
	CHECK_INT("without a count", told.n_more, 0);
}

static void test_many_lines(void)
{
	struct fold f = { .others = { .n_more = 0 } };
	char line[16];
	int n_told = 0;

	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "%d", i);
		n_told += fold_take(&told, &f, line, 1000);
	}
	CHECK_INT("a few", n_told, FOLD_LINES);
	CHECK("not due", !fold_due(&told, &f, 2000, false));
	CHECK("at the end everything is", fold_due(&told, &f, 2000, true));
	CHECK_INT("the rest", told.n_more, 1000 - FOLD_LINES);
	CHECK_STR("in one", told.text, "other reasons");
	CHECK("that was all", !fold_due(&told, &f, 2000, true));
	CHECK("later there is room", fold_take(&told, &f, "new", 1000 + FOLD_MS));
}

int main(void)
{
	test_one_line();
	test_many_lines();
	return check_report();
}
