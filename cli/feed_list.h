/*
 * All feeds of an instance at one moment, by name; and how one is shown.
 *
 * Lifetime: FEED_LIST_NONE may be freed.
 */
#ifndef SHMPUB_CLI_FEED_LIST_H
#define SHMPUB_CLI_FEED_LIST_H

#include <stdint.h>
#include "align.h"
#include "json.h"
#include "shmpub/shmpub.h"

struct feed_list {
	struct shmpub_feed_info *items;
	size_t n, capacity;
};
#define FEED_LIST_NONE ((struct feed_list){ .items = NULL })

int feed_list_read(struct feed_list *out, struct shmpub_reader *reader, struct shmpub_error *err);
void feed_list_free(struct feed_list *list);

/* "fresh", ... */
const char *feed_state(enum shmpub_feed_state state);
/* The table of `ls` and `top`. */
void feed_list_table(struct align *t, const struct feed_list *list, int64_t now_ns);
/* The members of one feed's object, into an object that is open. */
void feed_members(struct json *j, const struct shmpub_feed_info *feed, int64_t now_ns);

#endif
