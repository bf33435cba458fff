/*
 * How the values of each kind are read: one function for all durations, one for all sizes and so
 * on, so that they are written alike. keys.c has the keys, and reads texts and paths.
 *
 * Threads: no state. Errors: as keys.h.
 */
#ifndef SHMPUBD_KEY_KINDS_H
#define SHMPUBD_KEY_KINDS_H

#include "keys.h"

int key_set_duration(void *field, const struct key *key, struct span value, struct span base,
                     struct shmpub_error *err);
int key_set_size(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err);
int key_set_count(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err);
int key_set_bool(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err);
int key_set_mode(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err);
int key_set_file_mode(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err);
int key_set_group(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err);
int key_set_level(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err);
int key_set_log_format(void *field, const struct key *key, struct span value, struct span base,
                       struct shmpub_error *err);
int key_set_feed_mode(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err);
int key_set_dtype(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err);
int key_set_rejects(void *field, const struct key *key, struct span value, struct span base,
                    struct shmpub_error *err);

#endif
