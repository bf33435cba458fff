/*
 * Reading an instance. These functions implement shmpub_newest(), shmpub_acquire() and
 * so on, whose contracts are in the public header. The names of feeds were checked by
 * the caller (api/name.h).
 *
 * Threads:  a reader belongs to one thread.
 * Errors:   as in the public header; positive answers have a line in `err` as well.
 */
#ifndef SHMPUB_READER_READER_H
#define SHMPUB_READER_READER_H

#include "base/span.h"
#include "reader/held.h"
#include "shmpub/feed_errors.h"

int reader_new(struct shmpub_reader **out, const struct shmpub_reader_options *options,
               struct shmpub_error *err);
void reader_free(struct shmpub_reader *r);
/* [any thread, signal handlers] */
void reader_interrupt(struct shmpub_reader *r);

int reader_newest(struct shmpub_mark *out, struct shmpub_reader *r, struct span feed,
                  struct shmpub_error *err);
int reader_acquire(struct shmpub_snapshot **out, struct shmpub_reader *r, struct span feed,
                   const struct shmpub_mark *seen, struct shmpub_error *err);
int reader_wait(struct shmpub_reader *r, struct span feed, const struct shmpub_mark *seen,
                int timeout_ms, struct shmpub_error *err);
int reader_wait_any(struct shmpub_reader *r, uint64_t *change, int timeout_ms,
                    struct shmpub_error *err);

int reader_instance(struct shmpub_instance_info *out, struct shmpub_reader *r,
                    struct shmpub_error *err);
int reader_feed(struct shmpub_feed_info *out, struct shmpub_reader *r, struct span feed,
                struct shmpub_error *err);
int reader_feed_errors(struct shmpub_feed_error *out, size_t *n, struct shmpub_reader *r,
                       struct span feed, struct shmpub_error *err);
int reader_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *r, uint32_t *position,
                     struct shmpub_error *err);

#endif
