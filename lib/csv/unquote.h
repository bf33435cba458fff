/*
 * The text of a quoted field, copied: two quotes become one.
 *
 * For fields that are regular (csv/index.h) and end with the quote that closes, so that
 * quotes between the outer two come in pairs; cell.h has the rule for all others.
 *
 * Threads: pure. The implementations give the same answers.
 */
#ifndef SHMPUB_CSV_UNQUOTE_H
#define SHMPUB_CSV_UNQUOTE_H

#include <stddef.h>
#include "base/span.h"

/*
 * `inner` is what stands between the outer quotes. Returns how many bytes of out are the
 * text; what follows them, up to CSV_UNQUOTE_BEYOND bytes behind out + inner.size, may be
 * written as well, and as many behind `inner` be read.
 */
#define CSV_UNQUOTE_BEYOND 32u
typedef size_t csv_unquote_fn(char *out, struct span inner, char quote);

csv_unquote_fn csv_unquote_plain;
#if defined(__x86_64__)
csv_unquote_fn csv_unquote_avx2; /* for a processor that has it */
#endif
/* The fastest that this machine can run. */
csv_unquote_fn *csv_unquote_best(void);

#endif
