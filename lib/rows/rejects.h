/*
 * The records that on_bad_lines has left out, found in a pass of their own. The passes that fill
 * columns only count them: most sources have none, and are not slowed by keeping them.
 *
 * Threads: as rows.h.
 */
#ifndef SHMPUB_ROWS_REJECTS_H
#define SHMPUB_ROWS_REJECTS_H

#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct rows;

struct reject {
	uint64_t line; /* in the source, from 1, where the record begins */
	struct span
	        part; /* the name of the source's part that has it; data NULL: it has no parts */
	uint64_t part_line; /* its line in that part */
	size_t n_fields, n_expected;
	struct span text; /* the record without its line end; not checked to be UTF-8 */
};

/*
 * Makes a pass that calls take() with each record that was left out, until take() does not return
 * SHMPUB_OK. Returns what take() returned last, or the error of the pass.
 */
int rows_each_reject(struct rows *r, int (*take)(void *arg, const struct reject *reject), void *arg,
                     struct shmpub_error *err);

#endif
