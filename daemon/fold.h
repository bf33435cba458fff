/*
 * Thins out log lines that repeat: decides which are told, and counts the others.
 *
 * A line is told at once if it was not told within the last minute. Otherwise it is only
 * counted, and the count is told when the minute is over. Of lines that differ every time, a
 * few a minute are told.
 *
 * Threads: no state of its own. A zeroed struct fold has told nothing yet.
 */
#ifndef SHMPUBD_FOLD_H
#define SHMPUBD_FOLD_H

#include <stdbool.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

#define FOLD_MS 60000
#define FOLD_LINES 4

struct fold_line {
	char text[SHMPUB_ERROR_SIZE]; /* empty: the entry is free */
	uint64_t told_ms;
	uint64_t n_more; /* times that it came since then */
};

struct fold {
	bool has_counts; /* some n_more is not 0 */
	struct fold_line lines[FOLD_LINES];
	struct fold_line others; /* counts the lines that found no free entry */
};

/* A line to tell with its count. `text` is good until the next call. */
struct fold_told {
	const char *text;
	uint64_t n_more;    /* times that the line came without being told */
	uint64_t passed_ms; /* since the line was told */
};

/* To be called for each line. True: tell *out now. */
bool fold_take(struct fold_told *out, struct fold *f, const char *line, uint64_t now_ms);
/* True: *out is a count that is due; call again for the next. `is_last`: every count is due. */
bool fold_due(struct fold_told *out, struct fold *f, uint64_t now_ms, bool is_last);

#endif
