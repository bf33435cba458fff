/*
 * The table of feeds that `ls` and `top` show, for any width.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_CLI_FEED_TABLE_H
#define SHMPUB_CLI_FEED_TABLE_H

#include "base/buffer.h"
#include "reader/feed_list.h"

/*
 * Appends the table to `out`: a line of titles, then a line for each feed, none wider than
 * `width` (0: any width). If the errors do not fit beside the other columns, each stands on
 * lines of its own below its feed, and the least important columns are left out. Name, state
 * and error are always shown.
 */
int feed_table_print(struct buffer *out, const struct feed_list *list, int64_t now_ns, size_t width,
                     struct shmpub_error *err);

#endif
