#include "plan/header.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "csv/cell.h"
#include "csv/check_utf8.h"

/*
 * Does what pandas' TextReader._get_header does for one header line. If the first row after the
 * header has more fields than the header, its first fields are an index without a name. The option
 * `names` replaces the names of the header, or stands for a header that is not there.
 */

static int token_error(const struct csv_tokenizer *t, enum csv_token_answer answer,
                       struct shmpub_error *err)
{
	int r = csv_token_error(answer, err);

	if (err)
		error_put_line(err, csv_line_at(t->text, t->at));
	return r;
}

/* Reads a record; sets is_cut if that took all of the text. */
static enum csv_token_answer tokenize(struct header *h, struct csv_tokenizer *t,
                                      struct csv_record *record)
{
	enum csv_token_answer answer = csv_tokenize(t, record);

	h->is_cut |= answer != CSV_RECORD || t->at >= t->text.size;
	return answer;
}

/*
 * Sets *n to the number of fields of the next record, 0 if there is none, without consuming the
 * record. A record without fields (*is_bare) counts as one field. On failure *n is the number of
 * fields up to the one that is at fault.
 */
static int peek(size_t *n, bool *is_bare, struct header *h, struct shmpub_error *err)
{
	struct csv_tokenizer copy = h->rows;
	uint32_t cut;
	struct csv_record record = { .base = h->rows.at, .cuts = &cut };
	enum csv_token_answer answer = tokenize(h, &copy, &record);

	*n = 0;
	if (answer == CSV_END)
		return SHMPUB_OK;
	h->peeked = record.start;
	if (answer != CSV_RECORD) {
		*n = record.n_fields + 1;
		return token_error(&copy, answer, err);
	}
	*is_bare = record.n_fields == 0;
	*n = *is_bare ? 1 : record.n_fields;
	return SHMPUB_OK;
}

static size_t first_record_at(const struct csv_tokenizer *t)
{
	struct csv_tokenizer copy = *t;
	uint32_t cut = UINT32_MAX;
	struct csv_record record = { .base = t->at, .cuts = &cut };

	(void)csv_tokenize(&copy, &record);
	return record.base + (uint32_t)(cut + 1);
}

static int check_name(const struct csv_tokenizer *t, size_t from, size_t to,
                      struct shmpub_error *err)
{
	size_t bad;
	int r = csv_check_utf8(&bad, span_of(t->text.data + from, to - from), from, err);

	if (r && err)
		error_put_line(err, csv_line_at(t->text, from + bad));
	return r;
}

static int set_names(struct names *names, const struct csv_record *record,
                     const struct csv_tokenizer *t, struct shmpub_error *err)
{
	struct csv_cell cell;
	struct span text;
	char *copy = NULL;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < names->n && r == SHMPUB_OK; i++) {
		uint32_t from = record->cuts[i] + 1, to = record->cuts[i + 1];

		r = check_name(t, record->base + from, record->base + to, err);
		if (r)
			return r;
		cell = csv_cell(span_of(t->text.data + record->base + from, to - from), t->dialect);
		text = cell.text;
		if (cell.needs_unescape) {
			copy = mem_alloc(text.size + 1);
			if (copy == NULL)
				return error_nomem(err, text.size + 1);
			text = span_of(copy, csv_unescape(copy, text, t->dialect));
		}
		r = names_set(names, i, text, true, err);
		mem_free(copy);
		copy = NULL;
	}
	return r;
}

static int read_names(struct header *h, size_t n, struct shmpub_error *err)
{
	uint32_t *cuts = mem_zalloc(n + 1, sizeof(*cuts));
	struct csv_record record = { .base = h->rows.at, .cuts = cuts, .room = n };
	size_t n_fields = h->is_bare ? 0 : n;
	int r;

	if (cuts == NULL)
		return error_nomem(err, (n + 1) * sizeof(*cuts));
	/* peek() has read the same record, so it differs only if the memory of the source changed. */
	if (tokenize(h, &h->rows, &record) != CSV_RECORD || record.n_fields != n_fields) {
		mem_free(cuts);
		return error_set(err, SHMPUB_ERR_INVALID, "the text changed while it was read");
	}
	h->at = record.base + (uint32_t)(cuts[0] + 1);
	r = names_init(&h->names, n_fields, err);
	if (r == SHMPUB_OK)
		r = set_names(&h->names, &record, &h->rows, err);
	if (r == SHMPUB_OK)
		r = names_mangle(&h->names, err);
	mem_free(cuts);
	return r;
}

static int no_columns(struct shmpub_error *err)
{
	return error_set_line(err, SHMPUB_ERR_CSV, 1, "no columns, the text holds no record");
}

/*
 * Takes what peek() has returned, `peeked` with *err, and the number of fields. Too many of them are
 * told even if the record has no end: this shows first, however much of the source was read.
 */
static int check_columns(const struct header *h, size_t n, int peeked, const struct csv_options *o,
                         struct shmpub_error *err)
{
	if (n <= o->max_columns)
		return peeked;
	return error_set_line(err, SHMPUB_ERR_LIMIT, csv_line_at(h->rows.text, h->peeked),
	                      "more than %llu fields, which is max_columns",
	                      (unsigned long long)o->max_columns);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Skips the records before the header, then reads the header; *n is its number of fields. */
static int read_header_line(struct header *h, size_t *n, const struct csv_options *o,
                            struct shmpub_error *err)
{
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	int r;

	for (uint64_t i = 0;; i++) {
		r = peek(n, &h->is_bare, h, err);
		if (r && i < o->header)
			return r;
		if (*n == 0 && i == 0)
			return o->names.is_given ? SHMPUB_OK : no_columns(err);
		if (*n == 0) {
			h->at = h->rows.text.size;
			return error_set(err, SHMPUB_ERR_CSV,
			                 "header is record %llu, the text has only %llu",
			                 (unsigned long long)o->header, (unsigned long long)i);
		}
		if (i == o->header)
			break;
		h->widest_before = larger(h->widest_before, *n);
		record.base = h->rows.at;
		(void)tokenize(h, &h->rows, &record);
	}
	r = check_columns(h, *n, r, o, err);
	if (r == SHMPUB_OK)
		r = read_names(h, *n, err);
	*n = h->is_bare ? 0 : *n;
	return r;
}

static int take_given_names(struct header *h, const struct csv_options *o, struct shmpub_error *err)
{
	int r;

	names_free(&h->names);
	r = names_init(&h->names, o->names.n, err);
	for (size_t i = 0; i < h->names.n && r == SHMPUB_OK; i++)
		r = names_set(&h->names, i, o->names.items[i].text, false, err);
	if (r == SHMPUB_OK)
		r = names_mangle(&h->names, err);
	for (size_t i = 0; i < h->names.n && r == SHMPUB_OK; i++) {
		if (h->names.names[i].original.data)
			r = error_set(err, SHMPUB_ERR_INVALID, "names: \"%.*s\" is there twice",
			              (int)h->names.names[i].original.size,
			              h->names.names[i].original.data);
	}
	return r;
}

static int take_positions(struct header *h, size_t n, struct shmpub_error *err)
{
	int r = names_init(&h->names, n, err);
	char text[24];

	h->has_integer_names = true;
	for (size_t i = 0; i < n && r == SHMPUB_OK; i++) {
		snprintf(text, sizeof(text), "%zu", i);
		r = names_set(&h->names, i, span_str(text), false, err);
	}
	return r;
}

static int check_used(struct header *h, const struct csv_options *o, struct shmpub_error *err)
{
	size_t n_names = h->names.n, widest = larger(h->width, h->widest_before);
	size_t needed = o->names.is_given ? n_names - (h->leading < n_names ? h->leading : 0) : 0;

	for (size_t i = 0; i < o->usecols.n; i++) {
		if (o->usecols.items[i].is_position)
			needed = larger(needed, (size_t)o->usecols.items[i].position + 1);
	}
	if (!h->has_rows || needed <= widest)
		return SHMPUB_OK;
	h->n_needed = needed;
	return h->drops_extra ? SHMPUB_OK : header_check_widest(h, widest, err);
}

/* Sets how wide records may be and how many fields lead, by the names and the first row's width. */
static int set_shape(struct header *h, size_t n_header, size_t n_first, const struct csv_options *o,
                     struct shmpub_error *err)
{
	size_t n_names = h->names.n, n_used = o->usecols.n;
	bool is_named = o->names.is_given;
	size_t n_fields;

	h->width = larger(n_header, n_first);
	if (is_named && n_header == 0 && !h->is_bare && !o->usecols.is_given)
		h->width = larger(n_first, n_names);
	n_fields = h->has_rows ? h->width : n_names;
	if (is_named)
		n_fields = larger(n_fields, n_names);
	if (n_fields == 0)
		return no_columns(err);
	h->table_width = n_fields;
	h->drops_extra = o->usecols.is_given;
	if (!o->usecols.is_given)
		h->leading = n_fields > n_names ? n_fields - n_names : 0;
	else if (n_used != n_names && !is_named && n_used < n_names)
		h->leading = n_fields > n_names ? n_fields - n_names : 0;
	else if (n_used != n_names && n_names != n_fields)
		return error_set(err, SHMPUB_ERR_CSV, "%zu names for %zu fields", n_names,
		                 n_fields);
	return check_used(h, o, err);
}

/* Returns the size of the byte order mark: it only says that the text is UTF-8. */
static size_t mark_size(struct span text)
{
	return text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

int header_read(struct header *out, bool *is_cut, struct span text,
                const struct csv_dialect *dialect, const struct csv_options *o,
                struct shmpub_error *err)
{
	struct header h = HEADER_NONE;
	bool has_header = o->has_header && (o->is_header_given || !o->names.is_given);
	size_t n_header = 0, n_first = 0;
	bool is_bare = false;
	int r = SHMPUB_OK;

	h.rows = (struct csv_tokenizer){ .dialect = dialect, .text = text, .at = mark_size(text) };
	if (o->skiprows.n && !o->skips_list)
		h.rows.skip_first = o->skiprows.items[0].position;
	else if (o->skiprows.n)
		h.rows.skip_list = &o->skiprows;
	if (has_header)
		r = read_header_line(&h, &n_header, o, err);
	if (r == SHMPUB_OK) {
		r = peek(&n_first, &is_bare, &h, err);
		r = check_columns(&h, n_first, r, o, err);
	}
	h.has_rows = n_first > 0;
	if (!has_header)
		h.at = first_record_at(&h.rows);
	if (r == SHMPUB_OK && h.is_bare && is_bare && !o->names.is_given)
		r = no_columns(err);
	if (r == SHMPUB_OK && o->names.is_given)
		r = take_given_names(&h, o, err);
	else if (r == SHMPUB_OK && !has_header)
		r = n_first && !is_bare ? take_positions(&h, n_first, err) : no_columns(err);
	if (r == SHMPUB_OK)
		r = set_shape(&h, n_header, n_first, o, err);
	*is_cut = h.is_cut;
	if (r) {
		r = header_tell_line(&h, r, err);
		header_free(&h);
		return r;
	}
	*out = h;
	return SHMPUB_OK;
}

int header_check_widest(const struct header *h, size_t widest, struct shmpub_error *err)
{
	if (h->n_needed <= widest)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_CSV, "%zu columns are named, the records have %zu fields",
	                 h->n_needed, widest);
}

struct row_shape header_shape(const struct header *h, const struct csv_options *o)
{
	return (struct row_shape){ .dialect = h->rows.dialect,
		                   .width = h->width,
		                   .table_width = h->table_width,
		                   .drops_extra = h->drops_extra,
		                   .skips_bad_lines = o->skips_bad_lines,
		                   .skip_first = h->rows.skip_first,
		                   .skip_list = h->rows.skip_list };
}

int header_tell_line(const struct header *h, int r, struct shmpub_error *err)
{
	if (r == SHMPUB_ERR_CSV && err && err->line == 0)
		error_put_line(err, csv_line_at(h->rows.text, h->at));
	return r;
}

void header_free(struct header *h)
{
	names_free(&h->names);
}
