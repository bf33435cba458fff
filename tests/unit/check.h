/*
 * What unit tests say: CHECK* prints label, file, line and both values when they
 * differ, and counts. A test's main ends with `return check_report();`.
 */
#ifndef SHMPUB_TESTS_CHECK_H
#define SHMPUB_TESTS_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed, check_failed;

static inline void check_result(bool ok, const char *file, int line, const char *label)
{
	if (ok) {
		__atomic_add_fetch(&check_passed, 1, __ATOMIC_RELAXED); /* tests have threads */
		return;
	}
	__atomic_add_fetch(&check_failed, 1, __ATOMIC_RELAXED);
	fprintf(stderr, "%s:%d: %s: ", file, line, label);
}

#define CHECK(label, condition)                                                                    \
	do {                                                                                       \
		bool check_ok = (condition);                                                       \
		check_result(check_ok, __FILE__, __LINE__, label);                                 \
		if (!check_ok)                                                                     \
			fprintf(stderr, "not true: %s\n", #condition);                             \
	} while (0)

#define CHECK_INT(label, got, want)                                                                \
	do {                                                                                       \
		int64_t check_got = (int64_t)(got), check_want = (int64_t)(want);                  \
		check_result(check_got == check_want, __FILE__, __LINE__, label);                  \
		if (check_got != check_want)                                                       \
			fprintf(stderr, "%s is %" PRId64 ", want %" PRId64 "\n", #got, check_got,  \
			        check_want);                                                       \
	} while (0)

#define CHECK_STR(label, got, want)                                                                \
	do {                                                                                       \
		const char *check_got = (got), *check_want = (want);                               \
		bool check_ok = strcmp(check_got, check_want) == 0;                                \
		check_result(check_ok, __FILE__, __LINE__, label);                                 \
		if (!check_ok)                                                                     \
			fprintf(stderr, "%s is \"%s\", want \"%s\"\n", #got, check_got,            \
			        check_want);                                                       \
	} while (0)

static inline int check_report(void)
{
	printf("%d passed, %d failed\n", check_passed, check_failed);
	return check_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
