#include "ingest/state.h"

#include "base/alloc.h"
#include "base/error.h"

/*
 * From bytes to columns: the head of the source shows which columns there are. The last refresh, or
 * a sample, is the guess at their types and at the number of rows. Then passes over the source fill
 * the sink; each shows whether the guesses were right, and the first that does is the last.
 */

#define SPARE_ROWS 64u
#define GUESS_SCALE_MAX 4u

/* --- the head ----------------------------------------------------------------------------------- */

/* Reads more of the source until the header and the first row are whole. */
static int read_head(struct ingest *in, struct shmpub_error *err)
{
	bool is_cut, is_all;
	struct span text;
	uint32_t line;
	size_t at;
	int r, e;

	for (;;) {
		text = rows_head(&in->rows, &is_all);
		r = header_read(&in->header, &is_cut, text, &in->dialect, in->options, err);
		if (is_all || !is_cut || r == SHMPUB_ERR_LIMIT) /* fields will not become fewer */
			return r;
		at = r == SHMPUB_OK ? in->header.rows.at : 0;
		line = r && err ? (uint32_t)err->line : 0;
		if (r == SHMPUB_OK)
			header_free(&in->header);
		e = rows_more_head(&in->rows, at, err);
		if (e == SHMPUB_ERR_LIMIT && line && err->line == 0)
			error_put_line(err, line);
		if (e)
			return e;
	}
}

static int open_rows(struct ingest *in, struct shmpub_error *err)
{
	return rows_open(&in->rows, &in->source, in->options->encoding,
	                 runner_threads(in->runner) > 1, 0, err);
}

static int shape_rows(struct ingest *in, struct shmpub_error *err)
{
	struct row_shape shape = header_shape(&in->header, in->options);

	in->is_shaped = true;
	return rows_set_shape(&in->rows, &shape, in->header.rows.at, in->header.rows.n_lines, err);
}

static int read_head_again(struct ingest *in, struct shmpub_error *err)
{
	int r = rows_restart(&in->rows, err);

	header_free(&in->header);
	return r ? r : read_head(in, err);
}

/* If more columns are named than the first row has fields, checks that some row has as many. */
static int check_widest(struct ingest *in, struct shmpub_error *err)
{
	size_t widest = 0;
	int r;

	if (in->header.n_needed == 0 || !in->header.drops_extra)
		return SHMPUB_OK;
	r = shape_rows(in, err);
	if (r == SHMPUB_OK)
		r = rows_find_widest(&widest, &in->rows, err);
	if (r)
		return r;
	r = read_head_again(in, err);
	if (r == SHMPUB_OK)
		r = header_tell_line(&in->header, header_check_widest(&in->header, widest, err),
		                     err);
	return r;
}

/* --- before the first pass ---------------------------------------------------------------------- */

/*
 * Returns the number of rows if all of the source was read, else a guess that is rather too
 * large.
 */
static uint64_t expected_rows(const struct ingest *in, const struct schema *guess, double row_size)
{
	double size = (double)rows_size(&in->rows);

	if (in->rows.is_last)
		return in->rows.n_rows;
	if (guess && guess->source_rows && guess->source_size)
		return (uint64_t)((double)guess->source_rows / (double)guess->source_size * size *
		                  1.02) +
		       SPARE_ROWS;
	return (uint64_t)(size / (row_size > 1 ? row_size : 1) * 1.05) + SPARE_ROWS;
}

/* Scales the text of the last refresh by the sizes of both sources, and adds a little. */
static void scale_text(struct ingest *in, uint64_t source_size)
{
	double scale = source_size ? (double)rows_size(&in->rows) / (double)source_size : 0;

	for (size_t k = 0; k < in->plan.n; k++) {
		struct column_type *y = &in->types.columns[k];

		if (y->text_expected == 0)
			continue;
		y->text_expected = (uint64_t)((double)y->text_expected * scale * 1.03);
		if (y->text_expected > rows_size(&in->rows))
			y->text_expected = rows_size(&in->rows);
		y->text_expected += TEXT_SPARE;
	}
}

/*
 * Whether a refresh of a source of that size tells how many rows and how much text this one has:
 * not where it was much smaller or larger, unless all of this one is at hand and was counted.
 */
static bool is_of_like_size(const struct ingest *in, const struct schema *guess)
{
	uint64_t size = rows_size(&in->rows);

	return in->rows.is_last || (guess->source_size >= size / GUESS_SCALE_MAX &&
	                            guess->source_size / GUESS_SCALE_MAX <= size);
}

static int guess_types(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	double row_size = 0;
	int r;

	if (guess && !is_of_like_size(in, guess))
		guess = NULL;
	if (guess && in->rows.n_rows > 0) { /* without rows the columns have no types to guess */
		types_guess(&in->types, guess);
		scale_text(in, guess->source_size);
	}
	r = types_sample(&in->types, &row_size, guess == NULL, &in->rows, err);
	in->capacity = expected_rows(in, guess, row_size);
	return r;
}

int ingest_set_schema(struct ingest *in, struct shmpub_error *err)
{
	struct schema schema;
	int r = types_schema(&schema, &in->types, err);

	if (r)
		return r;
	schema.source_size = rows_size(&in->rows);
	schema_free(&in->schema);
	in->schema = schema;
	return SHMPUB_OK;
}

static int plan_columns(struct ingest *in, struct shmpub_error *err)
{
	const struct byte_parts *parts = in->source.parts;
	int r = columns_init(&in->plan, &in->header, in->options, err);

	if (r == SHMPUB_OK && parts != NULL && parts->column.data != NULL)
		r = columns_add_part(&in->plan, parts, err);
	return r;
}

static int prepare(struct ingest *in, const struct schema *guess, struct shmpub_error *err)
{
	int r;

	csv_dialect_init(&in->dialect, in->options);
	r = open_rows(in, err);
	if (r == SHMPUB_OK)
		r = read_head(in, err);
	if (r == SHMPUB_OK)
		r = check_widest(in, err);
	if (r == SHMPUB_OK)
		r = header_tell_line(&in->header, plan_columns(in, err), err);
	if (r == SHMPUB_OK)
		r = shape_rows(in, err);
	if (r == SHMPUB_OK && in->plan.has_no_field)
		r = rows_drop(&in->rows, err);
	if (r == SHMPUB_OK)
		r = types_init(&in->types, &in->plan, err);
	if (r == SHMPUB_OK)
		r = guess_types(in, guess, err);
	return r ? r : ingest_set_schema(in, err);
}

int ingest_open(struct ingest **out, const struct byte_source *source,
                const struct csv_options *options, const struct schema *guess,
                const struct runner *runner, struct shmpub_error *err)
{
	struct ingest *in = mem_zalloc(1, sizeof(*in));
	int r;

	if (in == NULL)
		return error_nomem(err, sizeof(*in));
	in->source = *source;
	in->options = options;
	in->runner = runner;
	r = prepare(in, guess, err);
	if (r) {
		r = ingest_tell(in, r, err);
		ingest_close(in);
		return r;
	}
	*out = in;
	return SHMPUB_OK;
}

const struct schema *ingest_schema(const struct ingest *in)
{
	return &in->schema;
}

void ingest_take_schema(struct schema *out, struct ingest *in)
{
	*out = in->schema;
	in->schema = SCHEMA_NONE;
}

uint64_t ingest_capacity(const struct ingest *in)
{
	return in->capacity;
}

int ingest_count(struct ingest *in, struct shmpub_error *err)
{
	int r = rows_find_error(&in->rows, err);

	in->capacity = in->rows.n_rows;
	return r ? ingest_tell(in, r, err) : SHMPUB_OK;
}

uint64_t ingest_skipped_rows(const struct ingest *in)
{
	return in->rows.n_skipped;
}

int ingest_each_reject(struct ingest *in, int (*take)(void *arg, const struct reject *reject),
                       void *arg, struct shmpub_error *err)
{
	if (in->rows.n_skipped == 0)
		return SHMPUB_OK;
	return rows_each_reject(&in->rows, take, arg, err);
}

const uint64_t *ingest_part_rows(const struct ingest *in)
{
	return in->fill.part_rows;
}

bool ingest_has_parts(const struct ingest *in)
{
	return in->source.parts != NULL;
}

uint64_t ingest_source_size(const struct ingest *in)
{
	return rows_source_size(&in->rows);
}

void ingest_close(struct ingest *in)
{
	if (in == NULL)
		return;
	ingest_free_pass(in);
	schema_free(&in->schema);
	kept_free(in->types.kept, in->plan.n);
	types_free(&in->types);
	rows_close(&in->rows);
	columns_free(&in->plan);
	header_free(&in->header);
	mem_free(in);
}
