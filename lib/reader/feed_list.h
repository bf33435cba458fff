/*
 * All feeds of an instance at one moment, sorted by name, and the instance's own figures.
 *
 * Threads:  the reader's.
 * Lifetime: feed_list_free() frees the list, and leaves it FEED_LIST_NONE, which may be freed
 *           and read into again.
 * Errors:   those of reader_instance() and reader_feed_next(); SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_READER_FEED_LIST_H
#define SHMPUB_READER_FEED_LIST_H

#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

struct feed_list {
	struct shmpub_instance_info instance;
	struct shmpub_feed_info *items;
	size_t n, capacity;
};
#define FEED_LIST_NONE ((struct feed_list){ .items = NULL })

/* Reads the instance and all its feeds, in place of what *out had before. */
int feed_list_read(struct feed_list *out, struct shmpub_reader *reader, struct shmpub_error *err);
/*
 * Sorts the feeds that need attention to the front: failing, stale, never published, the
 * others; each group by name.
 */
void feed_list_sort_by_need(struct feed_list *list);
size_t feed_list_count(const struct feed_list *list, enum shmpub_feed_state state);
void feed_list_free(struct feed_list *list);

/* The name of a state: "fresh", ...; "?" for an unknown one. */
const char *feed_state(enum shmpub_feed_state state);
/*
 * When the data was made: the source's modification time if it is known, else the time of
 * publication. 0: there is no data.
 */
int64_t feed_data_ns(const struct shmpub_feed_info *feed);

#endif
