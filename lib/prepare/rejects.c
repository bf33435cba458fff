#include "prepare/rejects.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"

/*
 * The table has a row for each record: line, reason and text, and the file where the source is a
 * pattern of files. It is made in memory of its own and
 * then copied, because it is small: sources with many bad records are bounded to
 * REJECTS_MAX_ROWS of them.
 */

struct reject_rows {
	struct buffer lines;                        /* int64_t */
	struct buffer reason_offsets, text_offsets; /* int64_t, one more than rows */
	struct buffer reasons, texts;
	struct buffer file_offsets, files; /* of a source that has parts */
	uint64_t n;
	struct shmpub_error error;
};

static void free_rows(struct reject_rows *rows)
{
	buffer_free(&rows->lines);
	buffer_free(&rows->reason_offsets);
	buffer_free(&rows->text_offsets);
	buffer_free(&rows->reasons);
	buffer_free(&rows->texts);
	buffer_free(&rows->file_offsets);
	buffer_free(&rows->files);
}

static int add_number(struct buffer *b, uint64_t number, struct shmpub_error *err)
{
	int64_t value = (int64_t)number;

	return buffer_append(b, span_of((const char *)&value, sizeof(value)), err);
}

/* Bytes that are not UTF-8 become replacement characters, as the columns of a snapshot need. */
static int add_text(struct buffer *b, struct span text, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	if (text.size > REJECT_MAX_TEXT)
		text.size = REJECT_MAX_TEXT;
	while (text.size > 0 && r == SHMPUB_OK) {
		size_t n = utf8_valid_prefix(text);

		r = buffer_append(b, span_of(text.data, n), err);
		if (n == text.size || r)
			break;
		r = buffer_append(b, span_str("\xEF\xBF\xBD"), err);
		text = span_of(text.data + n + 1, text.size - n - 1);
	}
	return r;
}

static int add_ends(struct reject_rows *rows)
{
	int r = add_number(&rows->reason_offsets, rows->reasons.size, &rows->error);

	if (r == SHMPUB_OK)
		r = add_number(&rows->text_offsets, rows->texts.size, &rows->error);
	return r ? r : add_number(&rows->file_offsets, rows->files.size, &rows->error);
}

enum { ENOUGH = 90 };

static int add_row(void *arg, const struct reject *reject)
{
	struct reject_rows *rows = arg;
	int r;

	if (rows->n == REJECTS_MAX_ROWS)
		return ENOUGH;
	rows->n++;
	r = add_number(&rows->lines, reject->part.data ? reject->part_line : reject->line,
	               &rows->error);
	if (r == SHMPUB_OK)
		r = add_text(&rows->files, reject->part, &rows->error);
	if (r == SHMPUB_OK)
		r = buffer_printf(&rows->reasons, &rows->error, "%zu fields, expected %zu",
		                  reject->n_fields, reject->n_expected);
	if (r == SHMPUB_OK)
		r = add_text(&rows->texts, reject->text, &rows->error);
	return r ? r : add_ends(rows);
}

static int publish(struct prepare_rejects *rejects, const struct reject_rows *rows, bool has_files,
                   const struct snapshot_origin *origin, struct shmpub_error *err)
{
	struct snapshot_origin own = { .feed = rejects->feed, .source = origin->source };
	const struct shmpub_column columns[] = {
		{ .name = "line",
		  .name_size = 4,
		  .type = SHMPUB_INT64,
		  .n_rows = rows->n,
		  .values = rows->lines.data },
		{ .name = "reason",
		  .name_size = 6,
		  .type = SHMPUB_TEXT,
		  .n_rows = rows->n,
		  .offsets = (const int64_t *)(const void *)rows->reason_offsets.data,
		  .text = rows->reasons.data },
		{ .name = "text",
		  .name_size = 4,
		  .type = SHMPUB_TEXT,
		  .n_rows = rows->n,
		  .offsets = (const int64_t *)(const void *)rows->text_offsets.data,
		  .text = rows->texts.data },
		{ .name = "file",
		  .name_size = 4,
		  .type = SHMPUB_TEXT,
		  .n_rows = rows->n,
		  .offsets = (const int64_t *)(const void *)rows->file_offsets.data,
		  .text = rows->files.data },
	};
	const struct table table = { rows->n, ARRAY_LEN(columns) - !has_files, columns };
	int r = prepare_table(rejects->pub, &rejects->descriptor, &table, &own, err);

	rejects->is_ready = r == SHMPUB_OK;
	return r;
}

static int collect_and_publish(struct prepare_rejects *rejects, struct ingest *in,
                               const struct snapshot_origin *origin, struct shmpub_error *err)
{
	struct reject_rows rows = { .n = 0 };
	int r = add_ends(&rows);

	if (r == SHMPUB_OK)
		r = buffer_reserve(&rows.lines, sizeof(int64_t), &rows.error);
	if (r == SHMPUB_OK)
		r = ingest_each_reject(in, add_row, &rows, &rows.error);
	if (r == ENOUGH)
		r = SHMPUB_OK;
	if (r == SHMPUB_OK)
		r = publish(rejects, &rows, ingest_has_parts(in), origin, &rows.error);
	if (r && err != NULL)
		*err = rows.error;
	free_rows(&rows);
	return r;
}

bool prepare_rejects_are_too_many(const struct prepare_rejects *rejects, uint64_t n,
                                  uint64_t n_rows)
{
	double share = 1e6 * (double)n, most = (double)rejects->max_millionths;

	return n > rejects->max_rows || (n > 0 && share > most * ((double)n + (double)n_rows));
}

static int note_first(void *arg, const struct reject *reject)
{
	struct reject *first = arg;

	*first = *reject;
	first->text = SPAN_NONE; /* it lives no longer than this call */
	return ENOUGH;
}

static int tell_too_many(const struct prepare_rejects *rejects, struct ingest *in, uint64_t n,
                         uint64_t n_rows, struct shmpub_error *err)
{
	struct reject first = { .line = 0 };
	int r = ingest_each_reject(in, note_first, &first, err);

	if (r != ENOUGH)
		return r ? r
		         : error_set(err, SHMPUB_ERR_INVALID, "the text changed while it was read");
	error_set_line(err, SHMPUB_ERR_CSV, first.line, "%zu fields, expected %zu; ",
	               first.n_fields, first.n_expected);
	if (n > rejects->max_rows)
		error_add(err, "%llu such rows, max_rejects is %llu", (unsigned long long)n,
		          (unsigned long long)rejects->max_rows);
	else
		error_add(err, "%llu such rows of %llu, max_rejects is %g%%", (unsigned long long)n,
		          (unsigned long long)(n + n_rows), rejects->max_millionths / 1e4);
	return SHMPUB_ERR_CSV;
}

int rejects_take(struct prepare_rejects *rejects, struct ingest *in, uint64_t n_rows,
                 const struct snapshot_origin *origin, struct shmpub_error *err)
{
	uint64_t n = ingest_skipped_rows(in);
	int r = SHMPUB_OK;

	rejects->is_ready = false;
	if (rejects->pub != NULL)
		r = collect_and_publish(rejects, in, origin, err);
	if (r == SHMPUB_OK && prepare_rejects_are_too_many(rejects, n, n_rows))
		r = tell_too_many(rejects, in, n, n_rows, err);
	return r;
}
