/*
 * A snapshot: an Arrow IPC file (Feather V2) with one record batch, laid out as
 * docs/FORMAT.md says. A writer writes into memory that its caller provides, and a view is
 * made of bytes: nothing here knows files.
 *
 * Threads:  a writer belongs to one thread at a time. Views are read-only.
 * Lifetime: a view's columns point into the bytes that it was made of, and into memory
 *           of the view; both must outlive their use. SNAPSHOT_VIEW_NONE may be freed.
 * Errors:   SHMPUB_ERR_FORMAT when bytes contradict the format. No function reads out
 *           of bounds, whatever the bytes are, even if another process changes them
 *           meanwhile: metadata is copied before it is checked. Values, bitmaps, offsets,
 *           codes and text are not copied, so compare an offset or a code with its bound
 *           each time before you follow it (columns/table.h).
 */
#ifndef SHMPUB_SNAPSHOT_SNAPSHOT_H
#define SHMPUB_SNAPSHOT_SNAPSHOT_H

#include "base/span.h"
#include "columns/schema.h"
#include "columns/sink.h"
#include "columns/table.h"

/* Facts that are different in every snapshot; they are in the record, in the footer. */
struct snapshot_stamp {
	uint64_t sequence;
	uint64_t epoch;
	int64_t published_ns;    /* wall clock, when it was sealed */
	int64_t source_mtime_ns; /* 0: unknown */
	uint64_t read_ns, parse_ns, source_size, skipped_rows;
	/* Since the snapshot of this sequence, in the same epoch, rows were only added; 0: it is not known. */
	uint64_t first_sequence;
};

/*
 * Facts that stay the same; they are in the schema's metadata, so equal schemas have equal bytes.
 */
struct snapshot_origin {
	struct span feed;
	/* Without user names, passwords, query strings and arguments; may be empty. */
	struct span source;
};

/* --- writing ---------------------------------------------------------------------------------- */

/*
 * The memory for the bytes. reserve() provides at least `size` bytes and sets *addr; the bytes that
 * were written before are kept, but may have moved.
 */
struct snapshot_memory {
	int (*reserve)(void *arg, void **addr, size_t size, struct shmpub_error *err);
	void *arg;
	/*
	 * How many bytes there are at *addr, which may be more than the last reserve() asked for. NULL:
	 * as many as it asked for.
	 */
	size_t (*reserved)(const void *arg);
};

struct snapshot_writer; /* opaque, heap */

/*
 * Plan the file for `capacity` rows, and set the pointers of *sink for step 2
 * (columns/sink.h). *sink is part of the writer. `schema` must outlive the writer.
 */
int snapshot_writer_new(struct snapshot_writer **out, struct table_sink **sink,
                        const struct snapshot_memory *memory, const struct schema *schema,
                        uint64_t capacity, const struct snapshot_origin *origin,
                        struct shmpub_error *err);
/* Step 3: plan text and dictionaries, and set the pointers of the sink anew. */
int snapshot_writer_text(struct snapshot_writer *w, struct shmpub_error *err);
/*
 * At the end: copy the dictionaries, write metadata, footer and magic. *size is the file's size.
 */
int snapshot_writer_finish(struct snapshot_writer *w, const struct snapshot_stamp *stamp,
                           uint64_t *size, struct shmpub_error *err);
void snapshot_writer_free(struct snapshot_writer *w);

/*
 * A snapshot that grows: rows can be appended to it in place, and readers see a state after the other,
 * each of them whole (docs/FORMAT.md, "A snapshot that grows"). It has room for as many rows as the
 * capacity says.
 */
struct text_room {
	uint64_t times, least; /* times 0: once */
	uint64_t more;         /* at most so many bytes more than once; 0: no bound */
};

struct snapshot_growth {
	uint32_t n_states; /* that may follow the first one; 0: it does not grow */
	/* bytes for each column of text: so many times what is there or is expected, at least so many */
	struct text_room text;
};
#define SNAPSHOT_GROWTH_NONE ((struct snapshot_growth){ 0, { 0, 0, 0 } })

int snapshot_writer_new_growing(struct snapshot_writer **out, struct table_sink **sink,
                                const struct snapshot_memory *memory, const struct schema *schema,
                                uint64_t capacity, const struct snapshot_growth *growth,
                                const struct snapshot_origin *origin, struct shmpub_error *err);

enum snapshot_answer {
	SNAPSHOT_FULL = 80,    /* there is no room for the rows, or for another state */
	SNAPSHOT_DIFFERS = 81, /* columns of another name or type, or a category that is new */
};

/* True when the columns of `table` have the names, types and levels that the schema says. */
bool snapshot_fits(const struct schema *schema, const struct table *table);
/*
 * After snapshot_writer_finish(): write the rows of `more` from row `from` on behind those that are
 * there. Nobody sees them before snapshot_writer_show(); until then this may be called again, for other
 * rows. SNAPSHOT_FULL, SNAPSHOT_DIFFERS: nothing can be shown, the caller makes a new snapshot.
 */
int snapshot_writer_append(struct snapshot_writer *w, const struct table *more, uint64_t from,
                           const struct snapshot_stamp *stamp, struct shmpub_error *err);
/* The state that was written last becomes the current one, by one store of four bytes. */
void snapshot_writer_show(struct snapshot_writer *w);
/* How many rows the current state has. */
uint64_t snapshot_writer_rows(const struct snapshot_writer *w);
/* The bytes are at another address by now. */
void snapshot_writer_moved(struct snapshot_writer *w, void *addr);

/* All these steps, for a table that is complete in memory (published from C). */
int snapshot_write_table(const struct snapshot_memory *memory, const struct schema *schema,
                         const struct table *table, const struct snapshot_origin *origin,
                         const struct snapshot_stamp *stamp, uint64_t *size,
                         struct shmpub_error *err);
/* The same for a snapshot that grows, with room for `capacity` rows. On success the caller frees *out. */
int snapshot_write_growing(struct snapshot_writer **out, const struct snapshot_memory *memory,
                           const struct schema *schema, const struct table *table,
                           uint64_t capacity, const struct snapshot_growth *growth,
                           const struct snapshot_origin *origin, const struct snapshot_stamp *stamp,
                           uint64_t *size, struct shmpub_error *err);

/* --- reading ---------------------------------------------------------------------------------- */

enum snapshot_check {
	SNAPSHOT_CHECK_BOUNDS, /* the metadata, and that every buffer lies inside the bytes */
	SNAPSHOT_CHECK_FULL,   /* contents too: text offsets, UTF-8, codes, null counts, padding */
};

struct snapshot_view {
	struct table table;
	struct snapshot_stamp stamp;
	struct snapshot_origin origin;
	struct shmpub_column *columns; /* owned: table.columns */
	void *memory;                  /* owned: dictionaries */
	char *schema;    /* owned: the schema message, which names, time zones, origin point into */
	bool is_growing; /* a state of a snapshot that grows: the view stays as it is */
};
#define SNAPSHOT_VIEW_NONE ((struct snapshot_view){ .columns = NULL })

/* `bytes` must be aligned to 8 bytes, as a mapping is. On failure *out is unchanged. */
int snapshot_view_init(struct snapshot_view *out, struct span bytes, enum snapshot_check check,
                       struct shmpub_error *err);
void snapshot_view_free(struct snapshot_view *v);

#endif
