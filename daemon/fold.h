/*
 * Lines that come again and again: which are told, and how many were not.
 *
 * A line is told at once when it was not told within the last minute; else it is only
 * counted, and the count is told when the minute is over. Of lines that are ever new, a
 * few a minute are told.
 *
 * Threads: no state of its own. Zeroed: nothing was told yet.
 */
#ifndef SHMPUBD_FOLD_H
#define SHMPUBD_FOLD_H

#include <stdbool.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

#define FOLD_MS 60000
#define FOLD_LINES 4

struct fold_line {
	char text[SHMPUB_ERROR_SIZE]; /* empty: none */
	uint64_t told_ms;
	uint64_t n_more; /* times that it came since, and was not told */
};

struct fold {
	struct fold_line lines[FOLD_LINES];
	struct fold_line others; /* those that there was no room for */
};

/* What is told of lines, a text for each call; it stays good until the next one. */
struct fold_told {
	const char *text;
	uint64_t n_more;    /* times besides */
	uint64_t passed_ms; /* within so long */
};

/* A line came. True: tell it. */
bool fold_take(struct fold_told *out, struct fold *f, const char *line, uint64_t now_ms);
/* True: a count that is due, one a call. `is_last`: everything is due. */
bool fold_due(struct fold_told *out, struct fold *f, uint64_t now_ms, bool is_last);

#endif
