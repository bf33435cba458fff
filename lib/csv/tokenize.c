#include "csv/tokenize.h"

#include <string.h>

/*
 * pandas' tokenizer, state by state, with its states turned into places in the code:
 * between records (blank lines, comments and skipped lines are passed over), at a
 * field's start, in a bare field, in a quoted one, behind a carriage return.
 *
 * A quote means something only as a field's first byte; what follows a closing quote
 * goes on as a bare field, in which quotes are ordinary. A line of blanks is no record
 * unless the blank is the delimiter. A lone \r ends a line; a delimiter right behind
 * the \r of a blank line is swallowed, as pandas does.
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

/* Up to the line's end or the text's. */
static size_t find_line_end(struct span text, size_t p)
{
	while (p < text.size && text.data[p] != '\n' && text.data[p] != '\r')
		p++;
	return p;
}

/* Behind the end of a line that is no record. */
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

/* Behind the quote that closes, `p` being behind the one that opened; size + 1: none does. */
static size_t pass_quoted(const struct csv_tokenizer *t, size_t p)
{
	const char *data = t->text.data, *q;

	while (p < t->text.size) {
		q = memchr(data + p, t->dialect->quote, t->text.size - p);
		if (q == NULL)
			break;
		p = (size_t)(q - data) + 1;
		if (p == t->text.size || data[p] != t->dialect->quote)
			return p;
		p++;
	}
	return t->text.size + 1;
}

/* A skipped line may hold quoted newlines; a \r that is its first byte does not end it. */
static size_t pass_skipped(struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	bool at_start = d->has_quote && data[p] == d->quote, is_first = true;

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

/* A record's bare \r and a delimiter behind it: pandas goes on without asking what is skipped. */
static bool is_never_skipped(const struct csv_tokenizer *t, size_t p)
{
	return p > 0 && !t->dialect->is_whitespace && t->text.data[p - 1] == '\r' &&
	       is_delimiter(t->dialect, t->text.data[p]);
}

/* Where they are blanks, it asks at the first byte that is none. */
static size_t pass_blanks_behind_cr(const struct csv_tokenizer *t, size_t p)
{
	if (!t->dialect->is_whitespace || p == 0 || t->text.data[p - 1] != '\r')
		return p;
	while (p < t->text.size && is_blank(t->text.data[p]))
		p++;
	return p;
}

/*
 * A record that begins with blanks: pandas takes them for a blank line at first and steps
 * back to the line's start then, where a delimiter may stand that it has swallowed.
 */
static size_t step_back(const struct csv_tokenizer *t, size_t p)
{
	const char *data = t->text.data;
	bool has_swallowed = !t->dialect->is_whitespace && p >= 2 && data[p - 2] == '\r' &&
	                     is_delimiter(t->dialect, data[p - 1]);

	return has_swallowed ? p - 1 : p;
}

/* Past everything that is no record; the text's size when there is none left. */
static size_t find_record(struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	size_t q;

	while (p < t->text.size) {
		if (is_skipped(t) && !is_never_skipped(t, p)) {
			p = pass_skipped(t, pass_blanks_behind_cr(t, p));
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
			return step_back(t, p);
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

/* The end of the field that starts at p: at a stop or at the text's end; size + 1: in quotes. */
static size_t find_field_end(const struct csv_tokenizer *t, size_t p)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;

	/* Even where blanks delimit. */
	while (d->skips_spaces && p < t->text.size && data[p] == ' ')
		p++;
	/* Also where the same byte begins comments, or delimits. */
	if (d->has_quote && p < t->text.size && data[p] == d->quote) {
		p = pass_quoted(t, p + 1);
		if (p < t->text.size && d->stops[(unsigned char)data[p]] == CSV_STOP_COMMENT)
			p++; /* right behind the closing quote it begins no comment */
	}
	while (p < t->text.size && d->stops[(unsigned char)data[p]] == CSV_STOP_NONE)
		p++;
	return p;
}

/* Where the record's line goes on behind a delimiter: blanks do not count when they delimit. */
static size_t pass_delimiter(const struct csv_tokenizer *t, size_t p)
{
	p++;
	while (t->dialect->is_whitespace && p < t->text.size && is_blank(t->text.data[p]))
		p++;
	return p;
}

/* Behind the end of a record that stopped at p. */
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
 * Blanks behind the \r of a record, when they delimit, belong to the next line whatever
 * stands behind them: a line of nothing else, or of a comment, is a record without fields
 * there.
 */
static bool is_bare_record(const struct csv_tokenizer *t, size_t p)
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

/* A delimiter right behind the \r of a record ends an empty field, blanks that are to be skipped or not. */
static bool is_field_behind_cr(const struct csv_tokenizer *t, size_t p)
{
	return t->dialect->skips_spaces && p < t->text.size && is_never_skipped(t, p);
}

enum csv_token_answer csv_tokenize(struct csv_tokenizer *t, struct csv_record *r)
{
	const struct csv_dialect *d = t->dialect;
	const char *data = t->text.data;
	bool is_over = is_bare_record(t, t->at);
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
		is_over = true; /* blanks and a comment: a record of no fields */
	r->cuts[0] = (uint32_t)(p - r->base - 1);
	while (!is_over) {
		p = p == begin && is_field_behind_cr(t, p) ? p : find_field_end(t, p);
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
