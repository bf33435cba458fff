/*
 * The keys of the ini file as tables: name, where the value goes, how it is read.
 *
 * Threads: no state; the tables are constant.
 * Errors:  SHMPUB_ERR_INVALID with what was expected.
 */
#ifndef SHMPUBD_KEYS_H
#define SHMPUBD_KEYS_H

#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct key {
	const char *name;
	/* `field` is where this key's value lies in the struct; `base` the ini file's directory. */
	int (*set)(void *field, const struct key *key, struct span value, struct span base,
	           struct shmpub_error *err);
	size_t offset;
	uint64_t least, most; /* numbers */
};

struct key_table {
	const struct key *keys;
	size_t n;
};

extern const struct key_table daemon_keys; /* of struct config_daemon */
extern const struct key_table feed_keys;   /* of struct config_feed, besides the CSV options */

const struct key *key_find(const struct key_table *table, struct span name);
/* The bit of a row of `table`, which has 32 at most. */
uint32_t key_bit(const struct key_table *table, const struct key *key);
/* A slip that many make, told beside what is wrong with `value`; NULL: none is to be seen. */
const char *value_hint(struct span value);
int key_set(void *object, const struct key *key, struct span value, struct span base,
            struct shmpub_error *err);

#endif
