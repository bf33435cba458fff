#include "ingest/tile.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * A stretch is read in tiles whose cuts fit the nearest caches. However a record is
 * written, a column of a tile is a constant stride: runs of regular records are given as
 * the index has them, others are copied, with a cut for every field that is missing.
 */

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build */
#define TILE_CUTS 64u
#else
#define TILE_CUTS 16384u
#endif
#define TILE_ROWS_MAX 1024u

int tile_reader_init(struct tile_reader *r, const struct header *h, bool skips_bad_lines,
                     struct shmpub_error *err)
{
	size_t stride = h->table_width + 1;
	size_t rows = TILE_CUTS / stride;

	rows = rows < 1 ? 1 : rows > TILE_ROWS_MAX ? TILE_ROWS_MAX : rows;
	*r = (struct tile_reader){ .header = h,
		                   .skips_bad_lines = skips_bad_lines,
		                   .rows_room = rows };
	r->cuts = mem_alloc(rows * stride * sizeof(*r->cuts));
	return r->cuts ? SHMPUB_OK : error_nomem(err, rows * stride * sizeof(*r->cuts));
}

void tile_reader_deinit(struct tile_reader *r)
{
	quick_free(&r->quick);
	mem_free(r->cuts);
	r->cuts = NULL;
}

void tile_reader_seek(struct tile_reader *r, const struct marks *m, size_t i)
{
	r->tokenizer = r->header->rows;
	r->tokenizer.at = m->marks[i].at;
	r->tokenizer.n_lines = m->marks[i].n_lines;
	r->base = m->marks[i].at;
	r->end = m->marks[i + 1].at;
	r->row = m->marks[i].row;
	r->end_row = m->marks[i + 1].row;
	r->is_exact = m->marks[i].is_exact;
	if (!r->is_exact)
		quick_seek(&r->quick, r->header, r->base, r->end);
}

/* Cuts for the fields that the record does not have: each begins behind its end. */
static void pad(uint32_t *cuts, size_t have, size_t n)
{
	uint32_t last = have ? cuts[have] : cuts[0] + 1;

	for (size_t i = have + 1; i <= n; i++)
		cuts[i] = last;
}

/* --- the exact way ------------------------------------------------------------------------------ */

static int next_exact(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	const struct header *h = r->header;
	struct csv_record record = { .base = r->base, .room = h->table_width };
	enum csv_token_answer answer;

	while (tile->n_rows < r->rows_room && r->tokenizer.at < r->end) {
		record.cuts = r->cuts + tile->n_rows * tile->stride;
		answer = csv_tokenize(&r->tokenizer, &record);
		if (answer == CSV_END)
			break;
		if (answer != CSV_RECORD)
			return header_token_error(&r->tokenizer, answer, err);
		if (record.n_fields > h->width && !h->drops_extra) {
			if (!r->skips_bad_lines)
				return row_too_long(h, record.start, record.n_fields, err);
			continue;
		}
		pad(record.cuts,
		    record.n_fields < h->table_width ? record.n_fields : h->table_width,
		    h->table_width);
		tile->n_rows++;
	}
	return SHMPUB_OK;
}

/* --- the quick way ------------------------------------------------------------------------------ */

/* Records one by one, whatever their shape: to the end of what is at hand, or of the tile's room. */
static int copy_records(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	const struct header *h = r->header;
	struct quick_record one;
	struct quick_run run;
	uint32_t *cuts;
	size_t n;
	int a;

	do {
		a = quick_one(&one, &r->quick);
		if (a)
			return a;
		if (one.n_fields > h->width && !h->drops_extra) {
			if (!r->skips_bad_lines)
				return row_too_long(h, one.start, one.n_fields, err);
		} else if (one.n_fields) {
			n = one.n_fields < h->table_width ? one.n_fields : h->table_width;
			cuts = r->cuts + tile->n_rows++ * tile->stride;
			cuts[0] = one.before;
			memcpy(cuts + 1, one.ends, n * sizeof(*cuts));
			pad(cuts, n, h->table_width);
		}
		if (tile->n_rows == r->rows_room)
			return SHMPUB_OK;
		/* Asks for no rows: only whether there is another record at hand. */
		a = quick_next_run(&run, &r->quick, 0, err);
	} while (a == SHMPUB_OK);
	return a == QUICK_END ? SHMPUB_OK : a;
}

static int next_quick(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	struct quick_run run;
	int a;

	a = quick_next_run(&run, &r->quick, r->rows_room, err);
	if (a)
		return a == QUICK_END ? SHMPUB_OK : a;
	if (run.n_rows == 0)
		return copy_records(r, tile, err);
	tile->cuts = run.cuts;
	tile->stride = run.stride;
	tile->n_rows = run.n_rows;
	return SHMPUB_OK;
}

/* A record that the quick way does not gather: the exact one goes on from there. */
static int go_exactly(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	r->is_exact = true;
	r->tokenizer.at = quick_at(&r->quick);
	return next_exact(r, tile, err);
}

int tile_reader_next(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	int a;

	*tile = (struct tile){ .base = r->header->rows.text.data + r->base,
		               .cuts = r->cuts,
		               .stride = r->header->table_width + 1,
		               .first_row = r->row };
	a = r->is_exact ? next_exact(r, tile, err) : next_quick(r, tile, err);
	if (a == QUICK_ODD)
		a = go_exactly(r, tile, err);
	tile->is_regular = !r->is_exact;
	r->row += tile->n_rows;
	/* More rows than were counted have no room; fewer would leave slots uninitialised. */
	if (r->row > r->end_row || (a == SHMPUB_OK && tile->n_rows == 0 && r->row < r->end_row))
		return error_set(err, SHMPUB_ERR_INVALID, "the text changed while it was read");
	return a;
}

int tile_find_error(const struct header *h, bool skips_bad_lines, const struct marks *m,
                    struct shmpub_error *err)
{
	struct tile_reader reader;
	struct tile tile;
	int r = tile_reader_init(&reader, h, skips_bad_lines, err);

	for (size_t i = 0; i < m->n && r == SHMPUB_OK; i++) {
		tile_reader_seek(&reader, m, i);
		do
			r = tile_reader_next(&reader, &tile, err);
		while (r == SHMPUB_OK && tile.n_rows > 0);
	}
	tile_reader_deinit(&reader);
	return r;
}
