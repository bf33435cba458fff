#include "ingest/tile.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * Rows are cut into stretches of some 256 KB, each beginning at a multiple of 64 rows, so
 * that two threads never share a byte of bits. A stretch is read in tiles whose cuts fit
 * the nearest caches; every row of a tile has a cut for every field, missing ones
 * included, so that a column is a constant stride.
 */

#define STRETCH_SIZE (256u * 1024)
#define STRETCH_MAX (1024u * 1024 * 1024)
#define TILE_CUTS 16384u
#define TILE_ROWS_MAX 1024u

static int too_long(const struct csv_record *record, const struct header *h,
                    struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_CSV, "line %llu: %zu fields, expected %zu",
	                 (unsigned long long)csv_line_at(h->rows.text, record->start),
	                 record->n_fields, h->width);
}

static int put_mark(struct marks *m, const struct csv_tokenizer *t, uint64_t row,
                    struct shmpub_error *err)
{
	size_t room = m->room ? m->room * 2 : 16;
	struct mark *marks;

	if (m->n == m->room) {
		marks = mem_resize(m->marks, room * sizeof(*marks));
		if (marks == NULL)
			return error_nomem(err, room * sizeof(*marks));
		m->marks = marks;
		m->room = room;
	}
	m->marks[m->n++] = (struct mark){ t->at, row, t->n_lines };
	return SHMPUB_OK;
}

/* Whether the row to come should begin a stretch. */
static bool is_due(const struct marks *m, const struct csv_tokenizer *t)
{
	size_t size = t->at - m->marks[m->n - 1].at;

	return (size >= STRETCH_SIZE && m->n_rows % 64 == 0) || size >= STRETCH_MAX;
}

static int set_marks(struct marks *m, const struct header *h, bool skips_bad_lines,
                     struct shmpub_error *err)
{
	struct csv_tokenizer t = h->rows;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	enum csv_token_answer answer;
	int r = put_mark(m, &t, 0, err);

	while (r == SHMPUB_OK) {
		record.base = t.at;
		answer = csv_tokenize(&t, &record);
		if (answer == CSV_END)
			break;
		if (answer != CSV_RECORD)
			return header_token_error(&t, answer, err);
		if (record.n_fields > h->width && !h->drops_extra) {
			if (!skips_bad_lines)
				return too_long(&record, h, err);
			m->n_skipped++;
			continue;
		}
		m->n_rows++;
		if (is_due(m, &t))
			r = put_mark(m, &t, m->n_rows, err);
	}
	if (r == SHMPUB_OK)
		r = put_mark(m, &t, m->n_rows, err);
	if (r == SHMPUB_OK)
		m->n--;
	return r;
}

int marks_init(struct marks *out, const struct header *h, bool skips_bad_lines,
               struct shmpub_error *err)
{
	struct marks m = MARKS_NONE;
	int r = set_marks(&m, h, skips_bad_lines, err);

	if (r)
		marks_free(&m);
	else
		*out = m;
	return r;
}

void marks_free(struct marks *m)
{
	mem_free(m->marks);
	*m = MARKS_NONE;
}

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
}

/* Cuts for the fields that the record does not have: each begins behind its end. */
static void pad(struct csv_record *record, size_t n)
{
	size_t have = record->n_fields < n ? record->n_fields : n;
	uint32_t last = have ? record->cuts[have] : record->cuts[0] + 1;

	for (size_t i = have + 1; i <= n; i++)
		record->cuts[i] = last;
}

int tile_reader_next(struct tile_reader *r, struct tile *tile, struct shmpub_error *err)
{
	const struct header *h = r->header;
	size_t stride = h->table_width + 1;
	struct csv_record record = { .base = r->base, .cuts = r->cuts, .room = h->table_width };
	enum csv_token_answer answer;

	*tile = (struct tile){ .base = h->rows.text.data + r->base,
		               .cuts = r->cuts,
		               .stride = stride,
		               .first_row = r->row };
	while (tile->n_rows < r->rows_room && r->tokenizer.at < r->end) {
		record.cuts = r->cuts + tile->n_rows * stride;
		answer = csv_tokenize(&r->tokenizer, &record);
		if (answer == CSV_END)
			break;
		if (answer != CSV_RECORD)
			return header_token_error(&r->tokenizer, answer, err);
		if (record.n_fields > h->width && !h->drops_extra) {
			if (!r->skips_bad_lines)
				return too_long(&record, h, err);
			continue;
		}
		pad(&record, h->table_width);
		tile->n_rows++;
	}
	r->row += tile->n_rows;
	return SHMPUB_OK;
}
