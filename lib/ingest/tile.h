/*
 * The rows of a text, some at a time: marks where rows begin, and tiles of cuts.
 *
 * Marks are set once, by passing over the text and counting rows. Between two of them
 * the text can be read tile by tile, by any thread with a reader of its own. All cuts
 * between two marks count from the first of them, in 32 bits.
 */
#ifndef SHMPUB_INGEST_TILE_H
#define SHMPUB_INGEST_TILE_H

#include "base/runner.h"
#include "csv/cell.h"
#include "ingest/header.h"
#include "ingest/quick.h"
#include "value/batch.h"

/* Where two threads may meet: no byte of bits is then of both. */
#define ROWS_APART 8u

struct mark {
	size_t at;         /* in the text, at a record or at what lies before it */
	uint64_t row;      /* the number of the first row behind it */
	uint64_t n_lines;  /* as the tokenizer counts */
	bool is_exact;     /* the stretch behind it is for the exact tokenizer */
	bool has_bad_text; /* in that stretch: bytes that are not UTF-8 */
};

struct marks {
	struct mark *marks; /* n + 1 of them: the last is the text's end */
	size_t n, room;
	uint64_t n_rows;
	uint64_t n_skipped; /* on_bad_lines = skip */
	bool has_bad_text;  /* of any of them */
};

#define MARKS_NONE ((struct marks){ .n = 0 })

/* `runner` may be NULL. */
int marks_init(struct marks *out, const struct header *header, bool skips_bad_lines,
               const struct runner *runner, struct shmpub_error *err);
void marks_free(struct marks *m);

/* A cell (row, column) is the bytes from its cut + 1 up to the next one; missing cells have less than none. */
struct tile {
	const char *base;
	const uint32_t *cuts;
	size_t stride; /* cuts from one row to the next */
	size_t n_rows;
	uint64_t first_row;
	bool is_regular; /* quotes are as csv/index.h wants them: behind one that closes, only one opens */
};

static inline struct span tile_raw(const struct tile *t, size_t row, size_t source)
{
	const uint32_t *cut = t->cuts + row * t->stride + source;
	uint32_t from = cut[0] + 1, to = cut[1];

	return (struct span){ t->base + from, to > from ? to - from : 0 };
}

/* Bytes of the source from the first row's first field to the end of the last one's. */
static inline size_t tile_size(const struct tile *t, size_t width)
{
	struct span last = tile_raw(t, t->n_rows - 1, width - 1);

	return (size_t)(last.data + last.size - tile_raw(t, 0, 0).data);
}

/* The cells of one column from a row on. */
static inline struct cell_run tile_run(const struct tile *t, size_t row, size_t source)
{
	return (struct cell_run){ t->base, t->cuts + row * t->stride + source, t->stride };
}

/* The error of a record that has more fields than its header. */
int row_too_long(const struct header *h, size_t start, size_t n_fields, struct shmpub_error *err);

struct tile_reader {
	const struct header *header;
	bool skips_bad_lines;
	struct csv_tokenizer tokenizer;
	struct quick_reader quick;
	bool is_exact;    /* tokenizer reads this stretch, else quick */
	size_t base, end; /* of the stretch between two marks */
	uint64_t row, end_row;
	uint32_t *cuts; /* owned */
	size_t rows_room;
};

int tile_reader_init(struct tile_reader *r, const struct header *header, bool skips_bad_lines,
                     struct shmpub_error *err);
/* Begin the stretch behind marks[i]. */
void tile_reader_seek(struct tile_reader *r, const struct marks *marks, size_t i);
/* n_rows 0: the stretch is over. */
int tile_reader_next(struct tile_reader *r, struct tile *tile, struct shmpub_error *err);
void tile_reader_deinit(struct tile_reader *r);

/* Reads all rows for the first one that is an error. */
int tile_find_error(const struct header *header, bool skips_bad_lines, const struct marks *marks,
                    struct shmpub_error *err);

#endif
