/*
 * Tiles: some rows of a window as a table of cuts, whose columns lie at a constant stride.
 *
 * Threads: a tile reader belongs to one thread. A tile is good until the next one is asked for.
 */
#ifndef SHMPUB_ROWS_TILE_H
#define SHMPUB_ROWS_TILE_H

#include "rows/quick.h"
#include "rows/shape.h"
#include "rows/window.h"
#include "value/batch.h"

/*
 * The cell (row, column) is the bytes from its cut + 1 up to the next cut. Of a cell that the
 * record does not have, the second cut is less than that.
 */
struct tile {
	const struct window *window;
	const char *base;
	const uint32_t *cuts;
	size_t stride; /* cuts from one row to the next */
	size_t n_rows;
	uint64_t first_row;
	bool is_regular; /* quotes are as csv/index.h wants them: after one that closes, only one opens */
};

static inline struct span tile_raw(const struct tile *t, size_t row, size_t source)
{
	const uint32_t *cut = t->cuts + row * t->stride + source;
	uint32_t from = cut[0] + 1, to = cut[1];

	return (struct span){ t->base + from, to > from ? to - from : 0 };
}

/* Where the cell stands in the source. */
static inline uint64_t tile_offset(const struct tile *t, size_t row, size_t source)
{
	return window_offset(t->window, tile_raw(t, row, source).data);
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

struct tile_reader {
	const struct row_shape *shape;
	const struct window *window;
	struct quick_cursor quick;
	struct csv_tokenizer tokenizer;
	uint64_t n_rows; /* that were given out */
	uint32_t *cuts;  /* owned */
	size_t rows_room;
};

int tile_reader_init(struct tile_reader *r, const struct row_shape *shape,
                     struct shmpub_error *err);
/* The next tile is the window's first. */
void tile_reader_begin(struct tile_reader *r, const struct window *w);
/* n_rows 0: the window is over. SHMPUB_ERR_INVALID: its text was changed by somebody else. */
int tile_reader_next(struct tile *tile, struct tile_reader *r, struct shmpub_error *err);
/* Goes over a window's tiles in order; `see` returns SHMPUB_OK to go on, else that is the result. */
int tile_reader_each(struct tile_reader *r, const struct window *w,
                     int (*see)(void *arg, const struct tile *t), void *arg,
                     struct shmpub_error *err);
void tile_reader_deinit(struct tile_reader *r);

#endif
