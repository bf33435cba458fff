/*
 * The different errors of a feed, which a reader may ask for; shmpub/shmpub.h has the reader.
 *
 * Threads: a reader belongs to one thread.
 * Errors:  as those of shmpub_feed().
 */
#ifndef SHMPUB_FEED_ERRORS_H
#define SHMPUB_FEED_ERRORS_H

#include "shmpub/shmpub.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One of the different errors that refreshes of a feed have ended with. Errors whose messages differ in
 * nothing but the number of the source's line count as one.
 */
struct shmpub_feed_error {
	uint64_t count;
	int64_t first_ns, last_ns;   /* wall clock, ns since 1970 UTC */
	int code;                    /* a negative enum shmpub_status */
	uint32_t line;               /* of the source, when it came last; 0: none */
	char text[SHMPUB_LINE_SIZE]; /* as it came last, without the text of cells */
	uint64_t reserved[4];
};

/* As many different errors of one feed are remembered; an older one makes room for a new one. */
#define SHMPUB_FEED_ERRORS 16

/* *n errors, the one that came last is the first. They are those of publishers of this epoch. */
SHMPUB_API int shmpub_feed_errors(struct shmpub_feed_error out[SHMPUB_FEED_ERRORS], size_t *n,
                                  struct shmpub_reader *reader, const char *feed,
                                  struct shmpub_error *err);

#ifdef __cplusplus
}
#endif

#endif
