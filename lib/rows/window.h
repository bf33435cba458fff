/*
 * A window: the part of the source that is in memory at one time, and the rows in it.
 *
 * A window begins and ends between two records. Its buffer is used again for the next window, so
 * that the buffer stays in the processor's caches. If the source lies in memory, the window has
 * no buffer but points to the source.
 *
 * Threads:  a window belongs to one thread.
 * Lifetime: WINDOW_NONE may be freed.
 * Errors:   SHMPUB_ERR_NOMEM only.
 */
#ifndef SHMPUB_ROWS_WINDOW_H
#define SHMPUB_ROWS_WINDOW_H

#include "base/span.h"
#include "csv/index.h"
#include "shmpub/shmpub.h"

/* What is known of a window whose bytes were read before it was known where its rows begin. */
struct window_ahead {
	size_t n_lap;       /* bytes at the front that the window before has as well */
	size_t n_left;      /* bytes at the end that the next window has as well */
	bool is_last;       /* the source ends with the text */
	bool is_settled;    /* it was read by rows_next() */
	bool has_index;     /* the text is indexed from `base` on */
	uint64_t failed_at; /* if it could not be read: offset of the error, or OFFSET_NONE */
};

struct window {
	struct span text; /* the text that was read, also that before and after the rows */
	size_t readable;  /* bytes from text.data on that may be read without a fault */
	size_t from, to;  /* where the rows begin and end in text */
	uint64_t offset;  /* of text.data[0] in the decoded source */
	uint64_t first_row, n_rows;
	size_t n_parts;     /* parts of the source that begin before the end of the text */
	uint64_t n_skipped; /* records that are too long, with on_bad_lines = skip */
	uint64_t n_lines;   /* lines before `from`, as the tokenizer counts */
	bool is_exact;      /* the tokenizer must read it; else there is an index of its fields */
	bool has_bad_text;  /* its rows have bytes that are not UTF-8 */
	bool is_ascii;      /* the index found no byte above 0x7F from `from` on */

	/* The index of the text from `base` on. Offsets count from `base`. */
	size_t base; /* where a record begins: `from`, or a place before it */
	struct csv_index_dialect dialect;
	uint32_t *cuts; /* owned; cuts[0] is the end before the first field, then all ends */
	uint32_t
	        *records; /* owned; for each whole record the number of ends up to its last field */
	size_t index_room; /* bytes of text that cuts and records have room for */
	size_t n_ends, n_records;
	size_t n_ends_before, n_records_before; /* those of records before `from` */
	bool has_cr;                            /* a record ends at \r */

	struct window_ahead ahead; /* rows/ahead.h */

	char *buffer; /* owned; NULL if the text lies in memory of the source */
	size_t buffer_room;
};

#define WINDOW_NONE ((struct window){ .buffer = NULL })

#define WINDOW_BEYOND 64u /* bytes after buffer_room that may be read */

/* Makes room in the buffer for `size` bytes of text, and keeps its contents. */
int window_reserve(struct window *w, size_t size, struct shmpub_error *err);
/* Makes room for the index of `size` bytes of text. The contents of the index are lost. */
int window_reserve_index(struct window *w, size_t size, struct shmpub_error *err);
void window_free(struct window *w);

/* Returns the offset in the source of a byte of the window. */
static inline uint64_t window_offset(const struct window *w, const char *at)
{
	return w->offset + (uint64_t)(at - w->text.data);
}

#endif
