/*
 * The article's own layouts: the CSV text behind a 4-byte length, and raw values.
 *
 * What a table cannot be put into is a failure of the refresh. What is in the way of a
 * segment alone (its name is another user's, /dev/shm is full) is a warning: the feed goes
 * on, and with it the other segment.
 *
 * Use:      article_claim at each attempt, then article_ask. As the text of the source passes,
 *           article_begin_text and article_add_text; when it has become a table, article_prepare;
 *           then article_place. article_warning is for the status line.
 * Threads:  a draft is made on a worker, over data that is its alone; the rest on the loop thread.
 * Lifetime: ARTICLE_DRAFT_NONE may be discarded; placing leaves it so.
 * Errors:   SHMPUB_ERR_CSV when the table cannot be put so (the row and column are
 *           named), SHMPUB_ERR_NOMEM.
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
	bool is_wanted[ARTICLE_PARTS];                   /* what prepare is to make */
	struct shm_access access;                        /* of it */
	char warnings[ARTICLE_PARTS][SHMPUB_ERROR_SIZE]; /* why it was not made; empty: it was */
	uint64_t text_size;                              /* bytes of text so far */
};
#define ARTICLE_DRAFT_NONE                                                                         \
	((struct article_draft){ .parts = { SEGMENT_DRAFT_NONE, SEGMENT_DRAFT_NONE } })

struct article_live { /* zeroed: nothing */
	struct segment_live parts[ARTICLE_PARTS];
	bool is_claimed[ARTICLE_PARTS];
	char warnings[ARTICLE_PARTS][SHMPUB_ERROR_SIZE]; /* what is in the way; empty: nothing */
};

/* Take away what `feed` does not ask for. */
void article_drop(struct article_live *live, const struct config_feed *feed);
/* Make the names that the feed asks for ours, as far as they can be had; others go. */
void article_claim(struct article_live *live, const struct config_feed *feed, const char *place);
/* A name is claimed, and what we put there does not stand: it must be put there again. */
bool article_is_wanting(const struct article_live *live);
/* Which parts are to be made: those whose name is claimed. */
void article_ask(struct article_draft *out, const struct article_live *live);
/*
 * The text segment, where one is asked for: the text is added in pieces. `size` is how large
 * the text will be; 0: not known.
 */
int article_begin_text(struct article_draft *d, const struct config_feed *feed,
                       const char *instance, uint64_t size, struct shmpub_error *err);
int article_add_text(struct article_draft *d, struct span text, struct shmpub_error *err);
/* What is left to do when all text was added and has become `table`. On failure *d is discarded. */
int article_prepare(struct article_draft *d, const struct config_feed *feed, const char *instance,
                    const struct table *table, struct shmpub_error *err);
/* Whether the table can be put as the feed asks; nothing is made. */
int article_check(const struct config_feed *feed, const struct table *table,
                  struct shmpub_error *err);
void article_place(struct article_live *live, struct article_draft *d);
void article_discard(struct article_draft *d);
/* One line of what is in the way, empty when nothing is. True: there is something. */
bool article_warning(char out[SHMPUB_ERROR_SIZE], const struct article_live *live);
/* Take everything away; `keeps`: only the claims. */
void article_leave(struct article_live *live, bool keeps);
/* What stands gets another mode and group. */
int article_set_access(const struct article_live *live, const struct shm_access *access,
                       struct shmpub_error *err);

/* --- parts, for tests --------------------------------------------------------------------------- */

/* The columns that `names` (NULL: all numeric ones) lists, by comma; *n of them into out[n_columns]. */
int article_columns(const struct shmpub_column **out, size_t *n, const struct table *table,
                    const char *names, struct shmpub_error *err);
/* One value as `dtype` to `out` (8 bytes at most). */
int article_value(void *out, enum array_dtype dtype, const struct shmpub_column *column,
                  uint64_t row, struct shmpub_error *err);

#endif
