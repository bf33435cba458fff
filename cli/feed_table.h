/*
 * The table of feeds that `ls` and `top` show, for any width.
 */
#ifndef SHMPUB_CLI_FEED_TABLE_H
#define SHMPUB_CLI_FEED_TABLE_H

#include "base/buffer.h"
#include "feed_list.h"

/*
 * Append the table to `out`: a line of titles, then a line a feed, none wider than `width`
 * (0: as wide as it takes). Where the errors do not fit beside the rest, each stands below its
 * feed on lines of its own, and the least important columns are left out; name, state and
 * error never are.
 */
int feed_table_print(struct buffer *out, const struct feed_list *list, int64_t now_ns, size_t width,
                     struct shmpub_error *err);

#endif
