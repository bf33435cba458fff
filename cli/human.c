#include "human.h"

#include <inttypes.h>
#include <stdio.h>

/* A text has two units at most; --json gives the full figures. */

void human_age(char out[HUMAN_SIZE], int64_t ns)
{
	int64_t s = ns / 1000000000;

	if (ns <= 0)
		(void)snprintf(out, HUMAN_SIZE, "0s");
	else if (s < 10)
		(void)snprintf(out, HUMAN_SIZE, "%" PRId64 ".%" PRId64 "s", s, ns / 100000000 % 10);
	else if (s < 60)
		(void)snprintf(out, HUMAN_SIZE, "%" PRId64 "s", s);
	else if (s < 3600)
		(void)snprintf(out, HUMAN_SIZE, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out, HUMAN_SIZE, "%" PRId64 "h %" PRId64 "m", s / 3600, s / 60 % 60);
	else
		(void)snprintf(out, HUMAN_SIZE, "%" PRId64 "d %" PRId64 "h", s / 86400,
		               s / 3600 % 24);
}

void human_span(char out[HUMAN_SIZE], uint64_t ns)
{
	static const char *const units[] = { "us", "ms", "s" };
	double v = (double)ns / 1000;
	int unit = 0;

	if (ns < 1000) {
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 "ns", ns);
		return;
	}
	for (; v >= 999.95 && unit < 2; unit++)
		v /= 1000;
	(void)snprintf(out, HUMAN_SIZE, "%.1f%s", v, units[unit]);
}

void human_size(char out[HUMAN_SIZE], uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	double v = (double)bytes / 1000;
	int unit = 0;

	if (bytes < 1000) {
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 " B", bytes);
		return;
	}
	for (; v >= 999.95 && unit < 5; unit++)
		v /= 1000;
	(void)snprintf(out, HUMAN_SIZE, "%.1f %cB", v, units[unit]);
}

void human_interval(char out[HUMAN_SIZE], uint64_t ms)
{
	if (ms == 0)
		(void)snprintf(out, HUMAN_SIZE, "-");
	else if (ms % 3600000 == 0)
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 "h", ms / 3600000);
	else if (ms % 60000 == 0)
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 "m", ms / 60000);
	else if (ms % 1000 == 0)
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 "s", ms / 1000);
	else
		(void)snprintf(out, HUMAN_SIZE, "%" PRIu64 "ms", ms);
}

void human_count(char out[32], uint64_t n)
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	int at = 0;

	for (int i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}
