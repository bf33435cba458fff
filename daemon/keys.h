/*
 * The keys of the ini file as tables: the name, where the value goes, how it is read.
 *
 * Threads: no state; the tables are constant.
 * Errors:  SHMPUB_ERR_INVALID with what was expected; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_KEYS_H
#define SHMPUBD_KEYS_H

#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct key {
	const char *name;
	/*
	 * Reads `value` into *field, the key's member of the struct. `base`: the ini file's
	 * directory.
	 */
	int (*set)(void *field, const struct key *key, struct span value, struct span base,
	           struct shmpub_error *err);
	size_t offset;
	/* bounds of numbers, durations and sizes (most 0: none); bits of modes */
	uint64_t least, most;
};

struct key_table {
	const struct key *keys;
	size_t n;
};

extern const struct key_table daemon_keys; /* of struct config_daemon */
extern const struct key_table feed_keys;   /* of struct config_feed, besides the CSV options */

/* The row of that name, or NULL. */
const struct key *key_find(const struct key_table *table, struct span name);
/* A bit that stands for the row of the key. A table has 64 rows at most. */
uint64_t key_bit(const struct key_table *table, const struct key *key);
/* A hint about a common mistake in `value`, to be told beside its problem. NULL: it has none. */
const char *value_hint(struct span value);
/* Reads `value` into the member of *object that the key stands for. */
int key_set(void *object, const struct key *key, struct span value, struct span base,
            struct shmpub_error *err);

#endif
