/*
 * All feeds of an instance at one moment, by name, with what the instance tells of itself;
 * and what is said of one feed, for people and for programs.
 *
 * Lifetime: FEED_LIST_NONE may be freed.
 */
#ifndef SHMPUB_CLI_FEED_LIST_H
#define SHMPUB_CLI_FEED_LIST_H

#include <stdint.h>
#include "json.h"
#include "shmpub/shmpub.h"

struct feed_list {
	struct shmpub_instance_info instance;
	struct shmpub_feed_info *items;
	size_t n, capacity;
};
#define FEED_LIST_NONE ((struct feed_list){ .items = NULL })

int feed_list_read(struct feed_list *out, struct shmpub_reader *reader, struct shmpub_error *err);
/* What needs somebody first: failing, stale, never published, the others; each by name. */
void feed_list_sort_by_need(struct feed_list *list);
size_t feed_list_count(const struct feed_list *list, enum shmpub_feed_state state);
void feed_list_free(struct feed_list *list);

/* "fresh", ... */
const char *feed_state(enum shmpub_feed_state state);
/* The moment that the data is of: of the source where it is known, else of the publication. 0: none. */
int64_t feed_data_ns(const struct shmpub_feed_info *feed);

#define FEED_TROUBLE_SIZE (SHMPUB_LINE_SIZE + SHMPUB_WHY_SIZE + 48)

/* What is wrong with a feed, in one line: why its publisher is gone, its last error. Empty: nothing. */
void feed_trouble(char out[FEED_TROUBLE_SIZE], const struct shmpub_feed_info *feed,
                  const char *why_gone);
/* The members of one feed's object, into an object that is open. */
void feed_members(struct json *j, const struct shmpub_feed_info *feed, const char *why_gone,
                  int64_t now_ns);

#endif
