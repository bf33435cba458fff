#include "rows/tile.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * A window is read in tiles, whose cuts fit into the nearest caches. The cells of a column always
 * lie at a constant stride: the cuts of regular records are used where they are in the index,
 * those of other records are copied, with additional cuts for missing fields.
 *
 * walk.c has checked the records before, so that only one error is possible here: somebody has
 * changed the text in the meantime, where it lies in memory of the source.
 */

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build */
#define TILE_CUTS 64u
#else
#define TILE_CUTS 16384u
#endif
#define TILE_ROWS_MAX 1024u

int tile_reader_init(struct tile_reader *r, const struct row_shape *shape, struct shmpub_error *err)
{
	size_t stride = shape->table_width + 1;
	size_t rows = TILE_CUTS / stride;

	rows = rows < 1 ? 1 : rows > TILE_ROWS_MAX ? TILE_ROWS_MAX : rows;
	*r = (struct tile_reader){ .shape = shape, .rows_room = rows };
	r->cuts = mem_alloc(rows * stride * sizeof(*r->cuts));
	return r->cuts ? SHMPUB_OK : error_nomem(err, rows * stride * sizeof(*r->cuts));
}

void tile_reader_deinit(struct tile_reader *r)
{
	mem_free(r->cuts);
	r->cuts = NULL;
}

void tile_reader_begin(struct tile_reader *r, const struct window *w)
{
	r->window = w;
	r->n_rows = 0;
	r->quick = quick_begin(w, r->shape);
	r->tokenizer = (struct csv_tokenizer){
		.dialect = r->shape->dialect,
		.text = w->text,
		.at = w->from,
		.n_lines = w->n_lines,
		.skip_first = r->shape->skip_first,
		.skip_list = r->shape->skip_list,
	};
}

/*
 * Adds cuts for missing fields. A missing field has its end before its beginning, see tile_raw().
 */
static void pad(uint32_t *cuts, size_t have, size_t n)
{
	uint32_t last = have ? cuts[have] : cuts[0] + 1;

	for (size_t i = have + 1; i <= n; i++)
		cuts[i] = last;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void read_exactly(struct tile *tile, struct tile_reader *r, size_t most)
{
	const struct row_shape *s = r->shape;
	struct csv_record record = { .base = r->window->base, .room = s->table_width };

	while (tile->n_rows < most && r->tokenizer.at < r->window->to) {
		record.cuts = r->cuts + tile->n_rows * tile->stride;
		if (csv_tokenize(&r->tokenizer, &record) != CSV_RECORD)
			break;
		if (shape_is_too_long(s, record.n_fields))
			continue;
		pad(record.cuts, smaller(record.n_fields, s->table_width), s->table_width);
		tile->n_rows++;
	}
}

/* Copies the cuts of one record of any shape, unless it is no row. */
static void copy_record(struct tile *tile, const struct quick_record *record, struct tile_reader *r)
{
	size_t width = r->shape->table_width, n = smaller(record->n_fields, width);
	uint32_t *cuts = r->cuts + tile->n_rows * tile->stride;

	if (record->n_fields == 0 || shape_is_too_long(r->shape, record->n_fields))
		return;
	cuts[0] = record->before;
	memcpy(cuts + 1, record->ends, n * sizeof(*cuts));
	pad(cuts, n, width);
	tile->n_rows++;
}

static void read_quickly(struct tile *tile, struct tile_reader *r, size_t most)
{
	struct quick_record record;
	struct quick_run run = { NULL, 0, 0 };

	while (tile->n_rows == 0 && !quick_is_over(&r->quick)) {
		run = quick_next_run(&r->quick, most);
		if (run.n_rows > 0)
			break;
		do {
			if (!quick_next_record(&record, &r->quick))
				return;
			copy_record(tile, &record, r);
		} while (tile->n_rows < most && !quick_is_over(&r->quick));
	}
	if (run.n_rows == 0)
		return;
	tile->cuts = run.cuts;
	tile->stride = run.stride;
	tile->n_rows = run.n_rows;
}

int tile_reader_next(struct tile *tile, struct tile_reader *r, struct shmpub_error *err)
{
	const struct window *w = r->window;
	size_t most = smaller((size_t)(w->n_rows - r->n_rows), r->rows_room);

	*tile = (struct tile){ .window = w,
		               .base = w->text.data + w->base,
		               .cuts = r->cuts,
		               .stride = r->shape->table_width + 1,
		               .first_row = w->first_row + r->n_rows,
		               .is_regular = !w->is_exact };
	if (most == 0)
		return SHMPUB_OK;
	if (w->is_exact)
		read_exactly(tile, r, most);
	else
		read_quickly(tile, r, most);
	r->n_rows += tile->n_rows;
	return tile->n_rows > 0
	               ? SHMPUB_OK
	               : error_set(err, SHMPUB_ERR_INVALID, "the text changed while it was read");
}

int tile_reader_each(struct tile_reader *r, const struct window *w,
                     int (*take)(void *arg, const struct tile *t), void *arg,
                     struct shmpub_error *err)
{
	struct tile tile;
	int e;

	tile_reader_begin(r, w);
	do {
		e = tile_reader_next(&tile, r, err);
		if (e || tile.n_rows == 0)
			return e;
		e = take(arg, &tile);
	} while (e == SHMPUB_OK);
	return e;
}
