#include "csv/tokenize.h"

#include "base/error.h"
#include "csv/find_quote.h"

/*
 * pandas' tokenizer, whose states are places in the code here: between records (blank lines,
 * comments and skipped lines are passed over), at a field's start, in a bare field (one without
 * quotes), in a quoted field, after a carriage return.
 *
 * A quote has a meaning only as the first byte of a field. The bytes after the closing quote
 * continue the field as a bare one, in which quotes are ordinary bytes. A line of blanks is no
 * record unless the blank is the delimiter. A \r without \n ends a line.
 *
 * Functions that begin with find_ or pass_ take an offset in the text and return a later one.
 *
 * pandas has quirks where a \r without \n is followed by a delimiter or a blank. Each of them is
 * reproduced by a small function that says what pandas does. The one met most often: a delimiter
 * right after the \r of a blank line is swallowed.
 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void csv_dialect_init(struct csv_dialect *out, const struct csv_options *o)
{
	struct csv_dialect d = {
		.delimiter = o->delimiter,
		.quote = o->quote,
		.comment = o->comment,
		.has_quote = o->quote != '\0',
		.has_comment = o->comment != '\0',
		.is_whitespace = o->is_whitespace,
		.skips_spaces = o->skips_spaces && !o->is_whitespace,
	};

	if (d.has_comment)
		d.stops[(unsigned char)d.comment] = CSV_STOP_COMMENT;
	if (d.is_whitespace) {
		d.stops[' '] = CSV_STOP_DELIMITER;
		d.stops['\t'] = CSV_STOP_DELIMITER;
	} else {
		d.stops[(unsigned char)d.delimiter] = CSV_STOP_DELIMITER;
	}
	d.stops['\r'] = CSV_STOP_CR;
	d.stops['\n'] = CSV_STOP_LF;
	*out = d;
}

static bool is_delimiter(const struct csv_dialect *d, char c)
{
	return d->stops[(unsigned char)c] == CSV_STOP_DELIMITER;
}

/* Returns the offset of the line's end, or the text's size. */
static size_t find_line_end(struct span text, size_t p)
{
	while (p < text.size && text.data[p] != '\n' && text.data[p] != '\r')
		p++;
	return p;
}

/* Returns the offset after the end, at `p`, of a line that is no record. */
static size_t pass_line_end(struct csv_tokenizer *t, size_t p)
{
	if (p >= t->text.size)
		return p;
	t->n_lines++;
	if (t->text.data[p++] == '\n')
		return p;
	if (p < t->text.size &&
	    (t->text.data[p] == '\n' || is_delimiter(t->dialect, t->text.data[p])))
		p++;
	return p;
}

/* Whether skiprows names the line that comes next. */
static bool is_skipped(const struct csv_tokenizer *t)
{
	size_t lo = 0, hi;

	if (t->n_lines < t->skip_first)
		return true;
	if (t->skip_list == NULL)
		return false;
	for (hi = t->skip_list->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->skip_list->items[mid].position == t->n_lines)
			return true;
		if (t->skip_list->items[mid].position < t->n_lines)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/*
 * Returns the offset after the closing quote of a field, where `p` is the offset after the
 * opening one. If the quote is never closed, the text's size + 1.
 */
static size_t pass_quoted(const struct csv_tokenizer *t, size_t p)
{
	const char quote = t->dialect->quote;
	const char *q = t->text.data + p, *end = t->text.data + t->text.size;

	while (q < end && (q = find_quote(q, end, quote)) != NULL) {
		q++;
		if (q == end || *q != quote)
			return (size_t)(q - t->text.data);
		q++;
	}
	return t->text.size + 1;
}

/*
 * Returns the offset after the skipped line at `p`. Newlines inside quotes do not end the line,
 * and, as in pandas, neither does a \r that is the line's first byte.
 */
static size_t pass_skipped(struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	bool at_start = true, is_first = true;

	while (p < t->text.size) {
		if (at_start && d->has_quote && data[p] == d->quote) {
			p = pass_quoted(t, p + 1);
			at_start = false;
		} else if (data[p] == '\n' || (data[p] == '\r' && !is_first)) {
			return pass_line_end(t, p);
		} else {
			at_start = !is_first && is_delimiter(d, data[p]);
			p++;
		}
		is_first = false;
	}
	return t->text.size;
}

/*
 * Whether the byte at `p` is a delimiter right after a \r. pandas does not look whether a line that
 * begins so is to be skipped.
 */
static bool is_delimiter_after_cr(const struct csv_tokenizer *t, size_t p)
{
	return p > 0 && !t->dialect->is_whitespace && t->text.data[p - 1] == '\r' &&
	       is_delimiter(t->dialect, t->text.data[p]);
}

/* Where blanks delimit, a skipped line after a \r begins at its first byte that is no blank. */
static size_t pass_blanks_after_cr(const struct csv_tokenizer *t, size_t p)
{
	if (!t->dialect->is_whitespace || p == 0 || t->text.data[p - 1] != '\r')
		return p;
	while (p < t->text.size && is_blank(t->text.data[p]))
		p++;
	return p;
}

/*
 * pandas takes blanks at the start of a record for a blank line at first, and then steps back to
 * the start of the line. So a delimiter that was swallowed there belongs to the record again.
 */
static size_t restore_swallowed_delimiter(const struct csv_tokenizer *t, size_t p)
{
	const char *data = t->text.data;
	bool has_swallowed = !t->dialect->is_whitespace && p >= 2 && data[p - 2] == '\r' &&
	                     is_delimiter(t->dialect, data[p - 1]);

	return has_swallowed ? p - 1 : p;
}

/* Returns the offset of the first record from `p` on; the text's size: there is none. */
static size_t find_record(struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	size_t q;

	while (p < t->text.size) {
		t->line_at = p;
		t->line_number = t->n_lines;
		if (is_skipped(t) && !is_delimiter_after_cr(t, p)) {
			p = pass_skipped(t, pass_blanks_after_cr(t, p));
			continue;
		}
		if (data[p] == '\n' || data[p] == '\r') {
			p = pass_line_end(t, p);
			continue;
		}
		if (d->has_comment && data[p] == d->comment) {
			p = pass_line_end(t, find_line_end(t->text, p));
			continue;
		}
		if (!is_blank(data[p]) || (!d->is_whitespace && data[p] == d->delimiter))
			return p;
		for (q = p; q < t->text.size && is_blank(data[q]); q++) {
			if (!d->is_whitespace && data[q] == d->delimiter)
				break;
		}
		if (q < t->text.size && data[q] != '\n' && data[q] != '\r')
			return restore_swallowed_delimiter(t, p);
		p = pass_line_end(t, q);
	}
	return p;
}

static void put_cut(struct csv_record *r, size_t p)
{
	if (r->n_fields < r->room)
		r->cuts[r->n_fields + 1] = (uint32_t)(p - r->base);
	r->n_fields++;
}

/*
 * Returns the offset of the byte that ends the field at `p`, or the text's size if the text ends
 * the field. If the text ends inside quotes, the text's size + 1.
 */
static size_t find_field_end(const struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;

	/* Spaces are skipped even if the delimiter is a space. */
	while (d->skips_spaces && p < t->text.size && data[p] == ' ')
		p++;
	/* A byte that is the quote opens one even if it is the delimiter or begins comments too. */
	if (d->has_quote && p < t->text.size && data[p] == d->quote) {
		p = pass_quoted(t, p + 1);
		if (p < t->text.size && d->stops[(unsigned char)data[p]] == CSV_STOP_COMMENT)
			p++; /* right after a closing quote no comment begins */
	}
	while (p < t->text.size && d->stops[(unsigned char)data[p]] == CSV_STOP_NONE)
		p++;
	return p;
}

/* Returns the offset after the delimiter at `p`, which is a run of blanks where blanks delimit. */
static size_t pass_delimiter(const struct csv_tokenizer *t, size_t p)
{
	p++;
	while (t->dialect->is_whitespace && p < t->text.size && is_blank(t->text.data[p]))
		p++;
	return p;
}

/* Returns the offset after the line of a record whose last field ends at `p`. */
static size_t pass_record_end(struct csv_tokenizer *t, size_t p)
{
	if (p < t->text.size && t->dialect->has_comment && t->text.data[p] == t->dialect->comment)
		p = find_line_end(t->text, p);
	t->n_lines++;
	if (p < t->text.size && t->text.data[p] == '\r')
		return p + 1 < t->text.size && t->text.data[p + 1] == '\n' ? p + 2 : p + 1;
	return p < t->text.size ? p + 1 : p;
}

/*
 * Where blanks delimit, pandas takes blanks after the \r of a record for the beginning of a
 * record. So a line of nothing but blanks, or of blanks and a comment, is a record without
 * fields there.
 */
static bool is_record_without_fields(const struct csv_tokenizer *t, size_t p)
{
	const char *data = t->text.data;

	if (!t->dialect->is_whitespace || p == 0 || p >= t->text.size || data[p - 1] != '\r' ||
	    !is_blank(data[p]))
		return false;
	while (p < t->text.size && is_blank(data[p]))
		p++;
	return p == t->text.size || data[p] == '\n' || data[p] == '\r' ||
	       (t->dialect->has_comment && data[p] == t->dialect->comment);
}

/* A delimiter right after the \r of a record ends an empty field, even if it is a space to skip. */
static bool is_empty_field_after_cr(const struct csv_tokenizer *t, size_t p)
{
	return t->dialect->skips_spaces && p < t->text.size && is_delimiter_after_cr(t, p);
}

enum csv_token_answer csv_tokenize(struct csv_tokenizer *t, struct csv_record *r)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	bool is_over = is_record_without_fields(t, t->at);
	size_t begin = t->at;
	size_t p = is_over ? t->at : find_record(t, t->at);

	t->at = p;
	r->start = p;
	r->n_fields = 0;
	if (p >= t->text.size)
		return CSV_END;
	while (d->is_whitespace && p < t->text.size && is_blank(data[p]))
		p++;
	if (d->is_whitespace && d->has_comment && p < t->text.size && data[p] == d->comment)
		is_over = true; /* blanks before a comment are a record without fields */
	r->cuts[0] = (uint32_t)(p - r->base - 1);
	while (!is_over) {
		p = p == begin && is_empty_field_after_cr(t, p) ? p : find_field_end(t, p);
		if (p > t->text.size)
			return CSV_OPEN_QUOTE;
		if (p - r->base >= UINT32_MAX - 1)
			return CSV_TOO_LONG;
		put_cut(r, p);
		is_over = p == t->text.size || !is_delimiter(d, data[p]);
		if (is_over)
			break;
		p = pass_delimiter(t, p);
		if (d->is_whitespace)
			is_over = p == t->text.size || d->stops[(unsigned char)data[p]] != 0;
	}
	t->at = pass_record_end(t, p);
	return CSV_RECORD;
}

#define OPEN_QUOTE_TEXT "the text ends inside quotes that opened in this record"

int csv_token_error(enum csv_token_answer answer, struct shmpub_error *err)
{
	if (answer == CSV_OPEN_QUOTE)
		return error_set(err, SHMPUB_ERR_CSV, OPEN_QUOTE_TEXT);
	return error_set(err, SHMPUB_ERR_LIMIT, "record longer than 4 GiB");
}

bool csv_error_is_open_quote(const struct shmpub_error *err)
{
	return err->code == SHMPUB_ERR_CSV && strstr(err->message, OPEN_QUOTE_TEXT) != NULL;
}

uint64_t csv_line_at(struct span text, size_t at)
{
	uint64_t line = 1;

	for (size_t i = 0; i < at && i < text.size; i++) {
		if (text.data[i] == '\n')
			line++;
		else if (text.data[i] == '\r' && (i + 1 == text.size || text.data[i + 1] != '\n'))
			line++;
	}
	return line;
}
