/*
 * A window: the part of the source that is in memory at a time, and the rows in it.
 *
 * It begins and ends between two records. Its buffer is used again for the next one, so that
 * it stays in the processor's caches; where the source lies in memory the window points there.
 *
 * Threads: a window belongs to one thread. WINDOW_NONE may be freed.
 */
#ifndef SHMPUB_ROWS_WINDOW_H
#define SHMPUB_ROWS_WINDOW_H

#include "base/span.h"
#include "csv/index.h"
#include "shmpub/shmpub.h"

struct window {
	struct span text; /* all that is at hand: what comes before and after the rows as well */
	size_t readable;  /* bytes from text.data on that may be read, though they mean nothing */
	size_t from, to;  /* the rows are what stands in between */
	uint64_t offset;  /* of text.data[0] in the source, once decoded */
	uint64_t first_row, n_rows;
	uint64_t n_skipped; /* records that are too long, with on_bad_lines = skip */
	uint64_t n_lines;   /* before `from`, as the tokenizer counts; where lines are skipped */
	bool is_exact;      /* only the tokenizer can read it; else the index has its fields */
	bool has_bad_text;  /* bytes that are not UTF-8 */

	/* The index of `from` to the end of text; offsets count from `from`. */
	struct csv_index_dialect dialect;
	uint32_t *cuts;    /* owned; cuts[0] is the end before the first field */
	uint32_t *records; /* owned; for each whole record the number of ends up to its last one */
	size_t index_room; /* bytes of text that cuts and records have room for */
	size_t n_ends, n_records;
	bool has_cr; /* a record ends at \r */

	char *buffer; /* owned; NULL where text is in the source's own memory */
	size_t buffer_room;
};

#define WINDOW_NONE ((struct window){ .buffer = NULL })

#define WINDOW_BEYOND 64u /* so many bytes after text may be read, in a window's own buffer */

/* Room for `size` bytes of text; what is there already stays. */
int window_reserve(struct window *w, size_t size, struct shmpub_error *err);
/* Room for the index of so many bytes. What was there is lost. */
int window_reserve_index(struct window *w, size_t size, struct shmpub_error *err);
void window_free(struct window *w);

/* Where in the source a byte of the window stands. */
static inline uint64_t window_offset(const struct window *w, const char *at)
{
	return w->offset + (uint64_t)(at - w->text.data);
}

#endif
