/*
 * The plain segments of a feed, for programs that know nothing of shmpub: the CSV text after a
 * 4-byte length (csv_segment), and raw values (array_segment). They are the layouts of the article
 * that this project began with, hence the name.
 *
 * If the table does not fit into a plain segment, the refresh fails. If only the segment cannot be
 * made (its name belongs to another user, /dev/shm is full), the feed has a warning, and its
 * snapshot and the other plain segment are published all the same.
 *
 * Use:      article_claim at each attempt, then article_ask. As the text of the source passes,
 *           article_begin_text and article_add_text; when it has become a table, article_prepare;
 *           then article_place. article_warning is for the status line.
 * Threads:  a draft is made on a worker, over data that is its alone; the rest on the loop thread.
 * Lifetime: ARTICLE_DRAFT_NONE may be discarded; placing leaves it so.
 * Errors:   SHMPUB_ERR_CSV when the table does not fit (the message names row and column),
 *           SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_ARTICLE_SEGMENT_H
#define SHMPUBD_ARTICLE_SEGMENT_H

#include "columns/table.h"
#include "config.h"
#include "segment.h"

enum article_part { ARTICLE_CSV, ARTICLE_ARRAY };
#define ARTICLE_PARTS 2

struct article_draft {
	struct segment_draft parts[ARTICLE_PARTS];
	bool is_wanted[ARTICLE_PARTS];                   /* which parts are to be made */
	struct shm_access access;                        /* who may read them */
	char warnings[ARTICLE_PARTS][SHMPUB_ERROR_SIZE]; /* why it was not made; empty: it was */
	uint64_t text_size;                              /* bytes of text so far */
};
#define ARTICLE_DRAFT_NONE                                                                         \
	((struct article_draft){ .parts = { SEGMENT_DRAFT_NONE, SEGMENT_DRAFT_NONE } })

struct article_live { /* zeroed: nothing */
	struct segment_live parts[ARTICLE_PARTS];
	bool is_claimed[ARTICLE_PARTS];
	char warnings[ARTICLE_PARTS]
	             [SHMPUB_ERROR_SIZE]; /* why a part is not published; empty: it is */
};

/* Removes the segments that `feed` does not ask for. */
void article_drop(struct article_live *live, const struct config_feed *feed);
/* Claims the names that the feed asks for, where that is possible, and gives up all others. */
void article_claim(struct article_live *live, const struct config_feed *feed, const char *place);
/* True when a name is claimed, and our segment is not there: it must be made again. */
bool article_is_wanting(const struct article_live *live);
/* Sets which parts are to be made: those whose name is claimed. */
void article_ask(struct article_draft *out, const struct article_live *live);
/*
 * Begins the text segment, if one is asked for. article_add_text() then adds the text in pieces.
 * `size` is how large the text will be; 0: not known, and whoever reads the source sees to it that
 * it is at most max_bytes.
 */
int article_begin_text(struct article_draft *d, const struct config_feed *feed,
                       const char *instance, uint64_t size, uint64_t max_bytes,
                       struct shmpub_error *err);
int article_add_text(struct article_draft *d, struct span text, struct shmpub_error *err);
/* Finishes all parts, when all text was added and has become `table`. On failure *d is discarded. */
int article_prepare(struct article_draft *d, const struct config_feed *feed, const char *instance,
                    const struct table *table, struct shmpub_error *err);
/* Checks whether the table fits into the segments that the feed asks for, and makes nothing. */
int article_check(const struct config_feed *feed, const struct table *table,
                  struct shmpub_error *err);
void article_place(struct article_live *live, struct article_draft *d);
void article_discard(struct article_draft *d);
/* One line that says why segments are not published. False: all are, and the line is empty. */
bool article_warning(char out[SHMPUB_ERROR_SIZE], const struct article_live *live);
/* Gives up all names. The segments are removed unless `keeps`. */
void article_leave(struct article_live *live, bool keeps);
/* Gives the published segments another mode and group. */
int article_set_access(const struct article_live *live, const struct shm_access *access,
                       struct shmpub_error *err);

/* --- parts, for tests --------------------------------------------------------------------------- */

/* Finds the columns that the list `names` tells (NULL: all numeric ones): *n of them, in out[]. */
int article_columns(const struct shmpub_column **out, size_t *n, const struct table *table,
                    const char *names, struct shmpub_error *err);
/* Writes one value as `dtype` to `out` (8 bytes at most). */
int article_value(void *out, enum array_dtype dtype, const struct shmpub_column *column,
                  uint64_t row, struct shmpub_error *err);

#endif
