/*
 * A snapshot: an Arrow IPC file (Feather V2) with one record batch, laid out as
 * docs/FORMAT.md says. Writing goes into memory that somebody else owns, reading
 * is a pure function over bytes: this room knows no files.
 *
 * Threads:  a writer belongs to one thread at a time. Views are read-only.
 * Lifetime: a view's columns point into the bytes it was made of and into memory of
 *           the view; both must outlive their use. SNAPSHOT_VIEW_NONE may be freed.
 * Errors:   SHMPUB_ERR_FORMAT when bytes contradict the format; never a read out of
 *           bounds, whatever the bytes are, also when they change meanwhile: what is
 *           checked is copied first. Only values, bitmaps, offsets, codes and text stay in
 *           the bytes; whoever follows an offset or a code bounds it (columns/table.h).
 */
#ifndef SHMPUB_SNAPSHOT_SNAPSHOT_H
#define SHMPUB_SNAPSHOT_SNAPSHOT_H

#include "base/span.h"
#include "columns/schema.h"
#include "columns/sink.h"
#include "columns/table.h"

/* What changes with every snapshot: in the footer's own metadata. */
struct snapshot_stamp {
	uint64_t sequence;
	uint64_t epoch;
	int64_t published_ns;    /* wall clock, when it was sealed */
	int64_t source_mtime_ns; /* 0: unknown */
	uint64_t read_ns, parse_ns, source_size, skipped_rows;
};

/* What stays: in the schema's metadata, so that equal schemas are equal bytes. */
struct snapshot_origin {
	struct span feed;
	struct span
	        source; /* without user names, passwords, query strings, arguments; may be empty */
};

/* --- writing ---------------------------------------------------------------------------------- */

/* Where the bytes go. `reserve` makes at least `size` bytes there and returns the address, which may move. */
struct snapshot_memory {
	int (*reserve)(void *arg, void **addr, size_t size, struct shmpub_error *err);
	void *arg;
};

struct snapshot_writer; /* opaque, heap */

/*
 * Plan the file for `capacity` rows and give out the places of round 1 (columns/sink.h).
 * *sink points into the writer and dies with it. `schema` must outlive the writer.
 */
int snapshot_writer_new(struct snapshot_writer **out, struct table_sink **sink,
                        const struct snapshot_memory *memory, const struct schema *schema,
                        uint64_t capacity, const struct snapshot_origin *origin,
                        struct shmpub_error *err);
/* After round 1: give out the places of text and dictionaries (round 2). Pointers in the sink may move. */
int snapshot_writer_text(struct snapshot_writer *w, struct shmpub_error *err);
/* After round 2: metadata, footer, magic. *size is the file's size. Dictionaries are copied in here. */
int snapshot_writer_finish(struct snapshot_writer *w, const struct snapshot_stamp *stamp,
                           uint64_t *size, struct shmpub_error *err);
void snapshot_writer_free(struct snapshot_writer *w);

/* The whole of it for a table that lies ready (published from C): schema, values, text. */
int snapshot_write_table(const struct snapshot_memory *memory, const struct schema *schema,
                         const struct table *table, const struct snapshot_origin *origin,
                         const struct snapshot_stamp *stamp, uint64_t *size,
                         struct shmpub_error *err);

/* --- reading ---------------------------------------------------------------------------------- */

enum snapshot_check {
	SNAPSHOT_CHECK_BOUNDS, /* metadata and the place of every buffer: enough to attach */
	SNAPSHOT_CHECK_FULL,   /* contents too: text offsets, UTF-8, codes, null counts, padding */
};

struct snapshot_view {
	struct table table;
	struct snapshot_stamp stamp;
	struct snapshot_origin origin;
	struct shmpub_column *columns; /* owned: table.columns */
	void *memory;                  /* owned: dictionaries */
	char *schema; /* owned: the schema message, which names, time zones, origin point into */
};
#define SNAPSHOT_VIEW_NONE ((struct snapshot_view){ .columns = NULL })

/* `bytes` must be 8-byte aligned (a mapping is). */
int snapshot_view_init(struct snapshot_view *out, struct span bytes, enum snapshot_check check,
                       struct shmpub_error *err);
void snapshot_view_free(struct snapshot_view *v);

#endif
