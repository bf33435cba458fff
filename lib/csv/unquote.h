/*
 * The text of a quoted field: two quotes become one.
 *
 * For fields that are regular (csv/index.h) and end with the quote that closes, so that
 * quotes between the outer two come in pairs; cell.h has the rule for all others.
 * `inner` is what stands between the outer quotes.
 *
 * Threads: pure functions, any thread. The kernels (base/cpu.h) give the same answers.
 */
#ifndef SHMPUB_CSV_UNQUOTE_H
#define SHMPUB_CSV_UNQUOTE_H

#include <stddef.h>
#include "base/span.h"

/* So many bytes behind `inner` may be read, and behind out + inner.size be written. */
#define CSV_UNQUOTE_BEYOND 32u

struct csv_unquote_kind {
	const char *name; /* "plain", "avx2", "avx512" */
	/* How long the text is. */
	size_t (*size)(struct span inner, char quote);
	/* Writes it to out and returns how long it is; what follows it there may be written as well. */
	size_t (*copy)(char *out, struct span inner, char quote);
};

/* Reads and writes nothing beyond. */
extern const struct csv_unquote_kind csv_unquote_plain;
/* The fastest kernel that this processor can run. A caller asks once, before its loop. */
const struct csv_unquote_kind *csv_unquote_best(void);
/* The i-th one that it can run, plain first; NULL past the last. */
const struct csv_unquote_kind *csv_unquote_kind(size_t i);

#endif
