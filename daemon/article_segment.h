/*
 * The article's own layouts: the CSV text behind a 4-byte length, and raw values.
 *
 * Threads:  prepare on a worker, over data that is its alone; the rest on the loop thread.
 * Lifetime: ARTICLE_DRAFT_NONE may be discarded; placing leaves it so.
 * Errors:   SHMPUB_ERR_CSV when the table cannot be put so (the row and column are
 *           named); failures of segment.h.
 */
#ifndef SHMPUBD_ARTICLE_SEGMENT_H
#define SHMPUBD_ARTICLE_SEGMENT_H

#include "columns/table.h"
#include "config.h"
#include "segment.h"

struct article_draft {
	struct segment_draft csv, array;
};
#define ARTICLE_DRAFT_NONE ((struct article_draft){ .csv = { .fd = -1 }, .array = { .fd = -1 } })

struct article_live { /* zeroed: nothing */
	struct segment_live csv, array;
};

/* `table` is what `text` became. Makes what the feed asks for, which may be nothing. */
int article_prepare(struct article_draft *out, const struct config_feed *feed, const char *instance,
                    struct span text, const struct table *table, struct shmpub_error *err);
int article_place(struct article_live *live, struct article_draft *d, struct shmpub_error *err);
void article_discard(struct article_draft *d);
/* Everything that the feed asks for stands as we put it. */
bool article_stands(const struct article_live *live, const struct config_feed *feed);
/* Take away the names that `feed` (NULL: none) does not ask for. */
void article_remove(struct article_live *live, const struct config_feed *feed);

/* --- parts, for tests --------------------------------------------------------------------------- */

/* The columns that `names` (NULL: all numeric ones) lists, by comma; *n of them into out[n_columns]. */
int article_columns(const struct shmpub_column **out, size_t *n, const struct table *table,
                    const char *names, struct shmpub_error *err);
/* One value as `dtype` to `out` (8 bytes at most). */
int article_value(void *out, enum array_dtype dtype, const struct shmpub_column *column,
                  uint64_t row, struct shmpub_error *err);

#endif
