#include "part_head.h"

#include "base/error.h"

#define HEAD_SIZE ((size_t)16 << 10) /* bytes of a file that are read for its head */
#define HEAD_MAX ((size_t)256 << 20)
#define NAME_SHOWN 60

static bool has_header(const struct csv_options *o)
{
	return o->has_header && (o->is_header_given || !o->names.is_given);
}

void heads_init(struct heads *h, const struct csv_options *options)
{
	*h = (struct heads){ .options = options, .first = HEADER_NONE };
	csv_dialect_init(&h->dialect, options);
}

void heads_free(struct heads *h)
{
	header_free(&h->first);
	buffer_free(&h->header);
	buffer_free(&h->text);
	h->first = HEADER_NONE;
	h->first_path = h->leading_path = NULL;
}

struct csv_options heads_options(const struct csv_options *options)
{
	struct csv_options o = *options;

	o.encoding = CSV_UTF8;
	o.skiprows = CSV_ITEMS_NONE;
	o.skips_list = false;
	o.header = 0;
	return o;
}

/* --- reading -------------------------------------------------------------------------------------- */

/* Reads until the buffer has `want` bytes, or the text ends. */
static int read_up_to(struct buffer *b, bool *is_all, struct part_text *t, size_t want,
                      struct shmpub_error *err)
{
	size_t n = 1;
	int r = SHMPUB_OK;

	if (want > HEAD_MAX)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "%s: no whole header and first row in %zu bytes", t->path,
		                 HEAD_MAX);
	if (want > b->size)
		r = buffer_reserve(b, want - b->size, err);
	while (!r && n > 0 && b->size < want) {
		r = part_text_read(t, b->data + b->size, want - b->size, &n, err);
		b->size += r ? 0 : n;
	}
	*is_all = n == 0;
	return r;
}

static int read_header(struct header *out, struct heads *h, struct part_text *t,
                       struct shmpub_error *err)
{
	bool is_all = false, is_cut = true;
	int r = SHMPUB_OK;

	h->text.size = 0;
	for (size_t want = HEAD_SIZE; !r; want *= 2) {
		r = read_up_to(&h->text, &is_all, t, want, err);
		if (r)
			return r;
		r = header_read(out, &is_cut, buffer_span(&h->text), &h->dialect, h->options, err);
		if (is_all || !is_cut || r == SHMPUB_ERR_LIMIT)
			break;
		if (r == SHMPUB_OK)
			header_free(out);
		r = SHMPUB_OK;
	}
	if (r == SHMPUB_ERR_NOMEM)
		return r;
	if (r && err != NULL) {
		error_put_path(err, t->path);
		err->code = SHMPUB_ERR_INVALID;
	}
	return r ? SHMPUB_ERR_INVALID : SHMPUB_OK;
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* --- comparing ------------------------------------------------------------------------------------ */

static int tell_name(const struct heads *h, const struct header *x, size_t i, const char *path,
                     struct shmpub_error *err)
{
	struct span now = x->names.names[i].text, first = h->first.names.names[i].text;

	return error_set(err, SHMPUB_ERR_INVALID, "%s: column %zu is '%.*s', in %s it is '%.*s'",
	                 path, i + 1, span_shown(now, NAME_SHOWN), now.data, h->first_path,
	                 span_shown(first, NAME_SHOWN), first.data);
}

static int tell_count(const struct heads *h, const struct header *x, const char *path,
                      struct shmpub_error *err)
{
	size_t n = x->names.n, first = h->first.names.n;
	const struct header *more = n > first ? x : &h->first;
	struct span name = more->names.names[n < first ? n : first].text;

	return error_set(err, SHMPUB_ERR_INVALID, "%s: %zu columns, %s has %zu: '%.*s' is %s", path,
	                 n, h->first_path, first, span_shown(name, NAME_SHOWN), name.data,
	                 n > first ? "new" : "missing");
}

static int compare(const struct heads *h, const struct header *x, const char *path,
                   struct shmpub_error *err)
{
	size_t n = x->names.n < h->first.names.n ? x->names.n : h->first.names.n;

	for (size_t i = 0; i < n; i++) {
		if (!span_eq(x->names.names[i].text, h->first.names.names[i].text))
			return tell_name(h, x, i, path, err);
	}
	if (x->names.n != h->first.names.n)
		return tell_count(h, x, path, err);
	if (x->has_rows && h->leading_path != NULL && x->leading != h->leading)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s:%llu: the first row has %zu fields, in %s it has %zu", path,
		                 (unsigned long long)csv_line_at(buffer_span(&h->text), x->peeked),
		                 x->names.n + x->leading, h->leading_path, x->names.n + h->leading);
	return SHMPUB_OK;
}

static int keep_first(struct heads *h, struct header *x, const char *path, struct shmpub_error *err)
{
	struct span text = buffer_span(&h->text);
	int r = SHMPUB_OK;

	h->first_path = path;
	if (has_header(h->options)) {
		struct span written = span_of(text.data + x->at, x->rows.at - x->at);

		h->header_line = csv_line_at(text, x->at);
		r = buffer_append(&h->header, written, err);
		if (!r && !(written.size > 0 && is_line_end(written.data[written.size - 1])))
			r = buffer_append(&h->header, span_str("\n"), err);
	}
	h->first = *x;
	*x = HEADER_NONE;
	return r;
}

/* The number, from 0, of the last line that is skipped, and one more; 0: none. */
static uint64_t skipped_end(const struct csv_options *o)
{
	size_t n = o->skiprows.n;

	if (n == 0)
		return 0;
	return o->skips_list ? o->skiprows.items[n - 1].position + 1
	                     : o->skiprows.items[0].position;
}

int heads_add(struct part_head *out, struct heads *h, struct part_text *t, struct shmpub_error *err)
{
	struct header x = HEADER_NONE;
	int r = read_header(&x, h, t, err);

	if (r)
		return r;
	*out = (struct part_head){
		.rows_at = x.rows.at,
		.rows_line = csv_line_at(buffer_span(&h->text), x.rows.at),
		.n_lines = x.rows.n_lines,
		.has_skips = skipped_end(h->options) > x.rows.n_lines,
		.before = x.rows.at > 0 ? h->text.data[x.rows.at - 1] : '\n',
	};
	if (h->first_path != NULL)
		r = compare(h, &x, t->path, err);
	if (!r && x.has_rows && h->leading_path == NULL) {
		h->leading_path = t->path;
		h->leading = x.leading;
	}
	if (!r && h->first_path == NULL)
		r = keep_first(h, &x, t->path, err);
	header_free(&x);
	return r;
}

/* --- lines that are skipped ------------------------------------------------------------------------ */

/* The line ends of lines that are no records. */
static int append_line_ends(struct buffer *out, struct span text, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < text.size && !r; i++) {
		if (is_line_end(text.data[i]))
			r = buffer_append(out, span_of(text.data + i, 1), err);
	}
	return r;
}

/* Sets *is_enough if the text reached to the last line that is skipped. */
static int leave_out_lines(struct buffer *out, bool *is_enough, struct heads *h,
                           const struct part_head *head, bool is_all, struct shmpub_error *err)
{
	const struct csv_options *o = h->options;
	struct span text = buffer_span(&h->text);
	struct csv_tokenizer t = { .dialect = &h->dialect, .text = text, .n_lines = head->n_lines };
	enum csv_token_answer answer = CSV_RECORD;
	uint32_t cut;
	struct csv_record record = { .cuts = &cut };
	size_t done = 0;
	int r = SHMPUB_OK;

	t.skip_first = o->skips_list ? 0 : o->skiprows.items[0].position;
	t.skip_list = o->skips_list ? &o->skiprows : NULL;
	*is_enough = true;
	while (!r && t.n_lines < skipped_end(o)) {
		record.base = t.at;
		answer = csv_tokenize(&t, &record);
		if (!is_all && (answer != CSV_RECORD || t.at >= text.size)) {
			*is_enough = false;
			return SHMPUB_OK;
		}
		if (answer != CSV_RECORD)
			break;
		r = append_line_ends(out, span_of(text.data + done, record.start - done), err);
		if (!r)
			r = buffer_append(
			        out, span_of(text.data + record.start, t.at - record.start), err);
		done = t.at;
	}
	text = span_of(text.data + done, text.size - done);
	if (r)
		return r;
	return answer == CSV_END ? append_line_ends(out, text, err) : buffer_append(out, text, err);
}

int heads_skip_lines(struct buffer *out, struct heads *h, const struct part_head *head,
                     struct part_text *t, struct shmpub_error *err)
{
	bool is_all = false, is_enough = false;
	int r = SHMPUB_OK;

	h->text.size = 0;
	for (size_t want = HEAD_SIZE; !r && !is_enough; want *= 2) {
		r = read_up_to(&h->text, &is_all, t, want, err);
		out->size = 0;
		if (!r)
			r = leave_out_lines(out, &is_enough, h, head, is_all, err);
	}
	return r;
}
