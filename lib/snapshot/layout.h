/*
 * Where everything in a snapshot goes: docs/FORMAT.md, "The snapshot". Plain
 * arithmetic over a schema and a number of rows; no bytes are touched here.
 *
 * All places are offsets in the file. Errors: SHMPUB_ERR_LIMIT when the table would
 * not fit into 2^62 bytes, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_SNAPSHOT_LAYOUT_H
#define SHMPUB_SNAPSHOT_LAYOUT_H

#include "columns/column_type.h"
#include "columns/schema.h"
#include "columns/sink.h"
#include "snapshot/snapshot.h"

/* One buffer of a record batch: its place and how many bytes of it are real. */
struct buffer_place {
	uint64_t offset, length;
};

enum column_form form_of_field(const struct field *f);
size_t form_n_buffers(enum column_form form); /* 0, 2 or 3 */
/* Bytes of a value, or with a dictionary (code_size > 0) of a code; 0: the form has neither. */
uint64_t value_width(enum shmpub_type type, int code_size);
/* Real bytes of the buffer after validity (values, bits, codes, offsets); false: beyond uint64. */
bool form_size(uint64_t *out, enum column_form form, uint64_t n_rows, uint64_t width);
uint64_t bits_size(uint64_t n_rows);
/* Zero the bits of the last byte that belong to no row. */
void bits_clear_end(uint8_t *bits, uint64_t n_rows);

struct column_place {
	enum column_form form;
	uint64_t validity, values; /* values: bits, codes, or a text's offsets */
	uint64_t text, text_size;  /* known once the sink is filled */
	uint64_t text_room;        /* that there is at `text`; 0: none yet */
};

struct region {       /* numeric columns of one type at a constant stride */
	size_t field; /* the first one */
	uint64_t offset, stride, n;
};

struct layout {
	uint64_t schema_size, batch_at, batch_size, body_at;
	uint64_t fixed_end; /* what is planned before the sink is filled ends here */
	uint64_t body_end;  /* known once the sink is filled */
	size_t n_columns, n_regions, n_buffers;
	struct column_place *columns;
	struct region *regions;
};
#define LAYOUT_NONE ((struct layout){ .columns = NULL })

/*
 * `schema_size`: of the schema message; `batch_size`: of the batch message before it is padded, or of
 * all of them.
 */
int layout_plan(struct layout *out, const struct schema *schema, uint64_t capacity,
                uint64_t schema_size, uint64_t batch_size, const struct text_room *room,
                struct shmpub_error *err);
/* Once the sink is filled: places for text that has none, as much as the room says. */
int layout_text(struct layout *l, const struct table_sink *sink, const struct text_room *room,
                struct shmpub_error *err);
void layout_free(struct layout *l);

#endif
