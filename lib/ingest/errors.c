#include "ingest/state.h"

#include "base/error.h"
#include "fill/check_text.h"

struct text_check {
	const struct columns *plan;
	uint64_t error_at;
	struct shmpub_error error;
};

static int check_tile(void *arg, const struct tile *t)
{
	struct text_check *c = arg;

	return check_text(t, c->plan, &c->error_at, &c->error);
}

static int check_window(struct text_check *c, const struct rows *rows, const struct window *w)
{
	struct tile_reader reader;
	int r = tile_reader_init(&reader, &rows->shape, &c->error);

	if (r == SHMPUB_OK)
		r = tile_reader_each(&reader, w, check_tile, c, &c->error);
	tile_reader_deinit(&reader);
	return r;
}

/*
 * Returns the error of the first record that is no row, else of the first cell that is not UTF-8.
 */
static int find_error(struct ingest *in, struct shmpub_error *err)
{
	struct window w = WINDOW_NONE;
	struct text_check check = { .plan = &in->plan };
	int r = rows_rewind(&in->rows, err), found = SHMPUB_OK;

	while (r == SHMPUB_OK) {
		r = rows_next(&w, &in->rows, err);
		if (r == SHMPUB_OK && w.has_bad_text && found == SHMPUB_OK)
			found = check_window(&check, &in->rows, &w);
	}
	window_free(&w);
	if (r != ROWS_END || found == SHMPUB_OK)
		return r == ROWS_END ? SHMPUB_OK : r;
	in->rows.error_at = check.error_at;
	*err = check.error;
	return found;
}

/*
 * pandas works in steps, each over the whole source: it decodes the bytes, splits them into
 * records, decodes the cells, and makes values of them. It reports the first failure of the first
 * step that fails. We do all steps window by window and may meet a failure of a later step first.
 * So before it is reported, a pass looks for failures of the earlier steps.
 */
int ingest_tell(struct ingest *in, int result, struct shmpub_error *err)
{
	struct shmpub_error first = { 0 };
	uint64_t offset = in->rows.error_at;
	int r = SHMPUB_OK;

	if (result != SHMPUB_ERR_CSV && result != SHMPUB_ERR_LIMIT)
		return result;
	in->rows.has_first = false;
	if (in->options->encoding != CSV_UTF8)
		r = rows_drain(&in->rows, &first);
	if (r == SHMPUB_OK && in->is_shaped && result == SHMPUB_ERR_CSV)
		r = find_error(in, &first);
	if (r != SHMPUB_OK && r != SHMPUB_ERR_LIMIT) {
		offset = in->rows.error_at;
		result = r;
		if (err)
			*err = first;
	}
	if (result != SHMPUB_ERR_CSV && result != SHMPUB_ERR_LIMIT)
		return result;
	r = rows_tell_line(&in->rows, offset, err);
	return r ? r : result;
}
