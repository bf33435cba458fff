/*
 * What writer.c (one state of a snapshot), growth.c (where the states of a growing one are) and
 * append.c (rows of the next state) share.
 */
#ifndef SHMPUB_SNAPSHOT_WRITER_PARTS_H
#define SHMPUB_SNAPSHOT_WRITER_PARTS_H

#include "snapshot/arrow_batch_write.h"
#include "snapshot/arrow_format.h"
#include "snapshot/arrow_schema_write.h"
#include "snapshot/dictionaries_write.h"
#include "snapshot/growth.h"
#include "snapshot/layout.h"
#include "snapshot/record.h"
#include "snapshot/snapshot.h"

#define END_OF_STREAM_SIZE 8u

/* How much of a column a state has. */
struct column_extent {
	uint64_t null_count, text_size;
	uint64_t n_values; /* of the dictionary */
};

/* Of a snapshot that grows. */
struct growth {
	struct snapshot_growth plan;
	struct growth_tail tail;
	struct schema schema;  /* owned: a copy, since rows come when the caller's is gone */
	uint64_t message_size; /* of each state's batch message */
	uint64_t message_at, footer_at; /* of the last state's; those of the next one come before */
	uint64_t schema_at;             /* of the table Schema in the first footer */
	uint64_t n_rows;                /* of the state that readers see */
	struct column_extent *columns;  /* owned; of that state */
	/* the state that is written and that nobody sees yet; footer_at 0: there is none */
	struct {
		uint64_t n_rows, message_at, footer_at;
		struct column_extent *columns; /* owned */
	} next;
};

struct snapshot_writer {
	struct snapshot_memory memory;
	char *file;    /* where the bytes are now */
	uint64_t size; /* bytes that are there */
	const struct schema *schema;
	struct arrow_schema arrow;
	struct arrow_message schema_message, batch;
	struct layout layout;
	struct dictionaries dictionaries;
	struct record_message *messages; /* owned; the dictionaries' */
	struct record record;            /* of the last state that was written; owns nothing */
	uint64_t footer_at;              /* the end of stream mark comes just before */
	struct table_sink sink;
	bool has_text; /* step 3 of columns/sink.h is done */
	struct growth growth;
};

static inline bool writer_grows(const struct snapshot_writer *w)
{
	return w->growth.plan.n_states > 0;
}

struct batch_cursor {
	struct arrow_message *message;
	uint64_t body_at;
	size_t n;
};

/* --- writer.c ----------------------------------------------------------------------------------- */

void writer_describe_column(struct snapshot_writer *w, struct batch_cursor *b, size_t i,
                            uint64_t n_rows, uint64_t null_count, uint64_t text_size);
void writer_put_message(char *file, struct record_message *out, const struct flatbuf *tree,
                        uint64_t at);

/* --- growth.c ----------------------------------------------------------------------------------- */

/* The size of the whole file, when all but its end is planned. */
uint64_t growth_file_size(const struct snapshot_writer *w);
/* Writes the end of the file, and the first state. The batch message has its numbers. */
int growth_first(struct snapshot_writer *w, uint64_t *size, struct shmpub_error *err);
/*
 * Writes message and footer of the next state, whose rows and numbers are in their places.
 * SNAPSHOT_FULL: there is no room for them.
 */
int growth_next(struct snapshot_writer *w, struct shmpub_error *err);
void growth_free(struct growth *g);

#endif
