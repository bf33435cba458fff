/*
 * Tiles: some rows of a window, as a table of cuts in which a column lies at a constant stride.
 *
 * Threads:  a tile reader belongs to one thread.
 * Lifetime: a tile is valid until the next call of its reader, and as long as its window.
 */
#ifndef SHMPUB_ROWS_TILE_H
#define SHMPUB_ROWS_TILE_H

#include "rows/quick.h"
#include "rows/shape.h"
#include "rows/window.h"
#include "value/batch.h"

/*
 * The cell (row, column) is the bytes from its cut + 1 up to the next cut. A missing cell has a
 * next cut before its cut + 1; it is empty.
 */
struct tile {
	const struct window *window;
	const char *base;
	const uint32_t *cuts;
	size_t stride; /* the number of cuts from one row to the next */
	size_t n_rows;
	uint64_t first_row;
	/* The index could tell its quotes: a closing one is followed by another one or by an end. */
	bool is_regular;
};

/* Returns the bytes of a cell with its quotes. */
static inline struct span tile_raw(const struct tile *t, size_t row, size_t source)
{
	const uint32_t *cut = t->cuts + row * t->stride + source;
	uint32_t from = cut[0] + 1, to = cut[1];

	return (struct span){ t->base + from, to > from ? to - from : 0 };
}

/* Returns the offset of the cell in the source. */
static inline uint64_t tile_offset(const struct tile *t, size_t row, size_t source)
{
	return window_offset(t->window, tile_raw(t, row, source).data);
}

/* Returns the number of bytes from the beginning of the first row to the end of the last row. */
static inline size_t tile_size(const struct tile *t, size_t width)
{
	struct span last = tile_raw(t, t->n_rows - 1, width - 1);

	return (size_t)(last.data + last.size - tile_raw(t, 0, 0).data);
}

/* Returns the cells of one column from a row on. */
static inline struct cell_run tile_run(const struct tile *t, size_t row, size_t source)
{
	return (struct cell_run){ t->base, t->cuts + row * t->stride + source, t->stride };
}

struct tile_reader {
	const struct row_shape *shape;
	const struct window *window;
	struct quick_cursor quick;
	struct csv_tokenizer tokenizer;
	uint64_t n_rows; /* in the tiles so far */
	uint32_t *cuts;  /* owned */
	size_t rows_room;
};

/* Fails for lack of memory only; *r may be deinitialised then as well. */
int tile_reader_init(struct tile_reader *r, const struct row_shape *shape,
                     struct shmpub_error *err);
/* Begins a window: the next tile is its first. */
void tile_reader_begin(struct tile_reader *r, const struct window *w);
/*
 * Sets *tile to the next tile; it has no rows after the last one. Returns 0, or
 * SHMPUB_ERR_INVALID if somebody has changed the text of the window since it was walked.
 */
int tile_reader_next(struct tile *tile, struct tile_reader *r, struct shmpub_error *err);
/*
 * Calls take() with each tile of a window, until take() does not return SHMPUB_OK. Returns its
 * result.
 */
int tile_reader_each(struct tile_reader *r, const struct window *w,
                     int (*take)(void *arg, const struct tile *t), void *arg,
                     struct shmpub_error *err);
void tile_reader_deinit(struct tile_reader *r);

#endif
