#include "base/error.h"
#include "columns/codes.h"
#include "columns/column_type.h"
#include "columns/table.h"
#include "snapshot/snapshot.h"
#include "snapshot/writer_parts.h"

/*
 * Writes rows behind those that readers see. Nothing that a reader of an earlier state looks at
 * changes but the last byte of a bitmap, and of that only bits of rows that the reader does not have. If it
 * is not all written, nobody knows: the next attempt writes over it.
 */

/* Rows of `more` from `from` on go behind the first `at` rows. */
struct rows_range {
	uint64_t from, n, at;
};

/* --- do they fit? --------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_span(struct span a, struct span b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool is_of_field(const struct shmpub_column *c, const struct field *f)
{
	return same_span(span_of(c->name, c->name_size), f->name) && c->type == f->type &&
	       c->kind == f->kind && c->index == f->index_level + 1 &&
	       (c->dictionary != NULL) == f->is_dictionary &&
	       (c->type != SHMPUB_TIMESTAMP ||
	        (c->unit == f->unit && same_text(c->timezone, f->timezone)));
}

bool snapshot_fits(const struct schema *schema, const struct table *table)
{
	if (table->n_columns != schema->n_fields)
		return false;
	for (size_t i = 0; i < table->n_columns; i++) {
		if (!is_of_field(&table->columns[i], &schema->fields[i]))
			return false;
	}
	return true;
}

static uint64_t nulls_of(const struct shmpub_column *c, const struct rows_range *r)
{
	uint64_t n = 0;

	for (uint64_t i = 0; c->validity != NULL && i < r->n; i++)
		n += !bit_get(c->validity, r->from + i);
	return n;
}

/* Text under a null does not count. */
static uint64_t text_of(const struct shmpub_column *c, const struct rows_range *r)
{
	uint64_t size = 0;

	if (c->validity == NULL)
		return r->n > 0 ? (uint64_t)(c->offsets[r->from + r->n] - c->offsets[r->from]) : 0;
	for (uint64_t i = 0; i < r->n; i++)
		size += bit_get(c->validity, r->from + i) ? column_text(c, r->from + i).size : 0;
	return size;
}

static bool has_room(const struct snapshot_writer *w, const struct table *more,
                     const struct rows_range *r)
{
	if (r->n > w->sink.capacity - r->at)
		return false;
	for (size_t i = 0; i < more->n_columns; i++) {
		const struct column_place *p = &w->layout.columns[i];
		const struct shmpub_column *c = &more->columns[i];

		if (p->form == FORM_TEXT &&
		    text_of(c, r) > p->text_room - w->growth.columns[i].text_size)
			return false;
	}
	return true;
}

/* --- values ----------------------------------------------------------------------------------------- */

static bool bit_of(const uint8_t *bits, uint64_t i) /* without bits: 1 */
{
	return bits == NULL || bit_get(bits, i);
}

/*
 * Copies the bits that `mask` has too; those of the first byte that belong to earlier rows stay as they
 * are. Each byte is written once, so that nobody sees it without them.
 */
static void append_bits(uint8_t *to, const uint8_t *from, const uint8_t *mask,
                        const struct rows_range *r)
{
	for (uint64_t i = 0; i < r->n;) {
		uint64_t at = r->at + i, n = 8 - at % 8;
		uint8_t byte = (uint8_t)(to[at / 8] & ((1u << at % 8) - 1));

		for (uint64_t k = 0; k < n && i < r->n; k++, i++) {
			bool bit = bit_of(from, r->from + i) && bit_of(mask, r->from + i);

			byte |= (uint8_t)((unsigned)bit << (at % 8 + k));
		}
		to[at / 8] = byte;
	}
}

static void append_values(uint64_t *to, const struct shmpub_column *c, const struct rows_range *r)
{
	const uint64_t *from = c->values;
	uint64_t null_bits = column_type(c->type)->null_bits;

	if (r->n > 0)
		memcpy(to + r->at, from + r->from, (size_t)r->n * sizeof(*to));
	for (uint64_t i = 0; c->validity != NULL && i < r->n; i++) {
		if (!bit_get(c->validity, r->from + i))
			to[r->at + i] = null_bits;
	}
}

/* Text under a null is left out. */
static void append_text(struct snapshot_writer *w, size_t i, const struct shmpub_column *c,
                        const struct rows_range *r)
{
	const struct column_place *p = &w->layout.columns[i];
	int64_t *offsets = (int64_t *)(void *)(w->file + p->values);
	uint64_t at = w->growth.columns[i].text_size;

	for (uint64_t k = 0; k < r->n; k++) {
		struct span text = column_text(c, r->from + k);

		if (text.size > 0 && bit_of(c->validity, r->from + k)) {
			memcpy(w->file + p->text + at, text.data, text.size);
			at += text.size;
		}
		offsets[r->at + k + 1] = (int64_t)at;
	}
	w->growth.next.columns[i].text_size = at;
}

/* --- codes ------------------------------------------------------------------------------------------ */

/* The values of dictionary `id`, as they stand in the file. */
static struct shmpub_column written_dictionary(const struct snapshot_writer *w, size_t id,
                                               const struct shmpub_column *like, uint64_t n_rows)
{
	const struct block *b = &w->dictionaries.blocks[id];
	const char *body = w->file + b->offset + b->size;
	struct shmpub_column c = { .type = like->type, .n_rows = n_rows };
	uint64_t size = (n_rows + 1) * sizeof(int64_t);

	c.values = body;
	if (form_of_type(c.type) == FORM_TEXT) {
		c.offsets = (const int64_t *)(const void *)body;
		c.text = body + ((size + ARROW_ALIGN - 1) & ~(uint64_t)(ARROW_ALIGN - 1));
	}
	return c;
}

static bool same_value(const struct shmpub_column *a, uint64_t i, const struct shmpub_column *b,
                       uint64_t k)
{
	switch (form_of_type(a->type)) {
	case FORM_TEXT:
		return same_span(column_text(a, i), column_text(b, k));
	case FORM_BITS:
		return bit_get(a->values, i) == bit_get(b->values, k);
	case FORM_VALUES:
		return ((const uint64_t *)a->values)[i] == ((const uint64_t *)b->values)[k];
	default:
		return false;
	}
}

static bool find_value(uint64_t *out, const struct shmpub_column *in,
                       const struct shmpub_column *of, uint64_t k)
{
	for (*out = 0; *out < in->n_rows; (*out)++) {
		if (same_value(in, *out, of, k))
			return true;
	}
	return false;
}

/* False: a value is not in the dictionary that readers have. */
static bool append_codes(struct snapshot_writer *w, size_t i, size_t id,
                         const struct shmpub_column *c, const struct rows_range *r)
{
	void *to = w->file + w->layout.columns[i].values;
	int code_size = w->sink.columns[i].code_size;
	struct shmpub_column known = written_dictionary(w, id, c->dictionary,
	                                                w->growth.columns[i].n_values);
	uint64_t last = UINT64_MAX, last_code = 0;

	for (uint64_t k = 0; k < r->n; k++) {
		uint64_t row = r->from + k, code = 0;

		if (column_is_valid(c, row)) {
			column_resolve(c, &row);
			if (row != last && !find_value(&last_code, &known, c->dictionary, row))
				return false;
			last = row;
			code = last_code;
		}
		code_put(to, code_size, r->at + k, (uint32_t)code);
	}
	return true;
}

/* --- a state ---------------------------------------------------------------------------------------- */

static bool append_column(struct snapshot_writer *w, size_t i, size_t id,
                          const struct shmpub_column *c, const struct rows_range *r)
{
	const struct column_place *p = &w->layout.columns[i];
	const struct column_extent *old = &w->growth.columns[i];
	struct column_extent *next = &w->growth.next.columns[i];

	*next = *old;
	next->null_count += nulls_of(c, r);
	if (p->form == FORM_NONE)
		return true;
	append_bits((uint8_t *)w->file + p->validity, c->validity, NULL, r);
	switch (p->form) {
	case FORM_CODES:
		return append_codes(w, i, id, c, r);
	case FORM_BITS:
		append_bits((uint8_t *)w->file + p->values, c->values, c->validity, r);
		return true;
	case FORM_TEXT:
		append_text(w, i, c, r);
		return true;
	default:
		append_values((uint64_t *)(void *)(w->file + p->values), c, r);
		return true;
	}
}

static void describe(struct snapshot_writer *w)
{
	struct growth *g = &w->growth;
	struct batch_cursor b = { &w->batch, g->tail.body_at, 0 };

	arrow_message_set_rows(&w->batch, g->next.n_rows, w->layout.body_end - g->tail.body_at);
	for (size_t i = 0; i < w->layout.n_columns; i++)
		writer_describe_column(w, &b, i, g->next.n_rows, g->next.columns[i].null_count,
		                       g->next.columns[i].text_size);
}

int snapshot_writer_append(struct snapshot_writer *w, const struct table *more, uint64_t from,
                           const struct snapshot_stamp *stamp, struct shmpub_error *err)
{
	struct rows_range range = { from, more->n_rows - from, w->growth.n_rows };
	size_t id = 0;

	if (from > more->n_rows || !writer_grows(w) || w->growth.columns == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "rows for a snapshot that does not grow");
	w->growth.next.footer_at = 0;
	if (!snapshot_fits(w->schema, more))
		return SNAPSHOT_DIFFERS;
	if (!has_room(w, more, &range))
		return SNAPSHOT_FULL;
	for (size_t i = 0; i < more->n_columns; i++) {
		if (!append_column(w, i, id, &more->columns[i], &range))
			return SNAPSHOT_DIFFERS;
		id += w->schema->fields[i].is_dictionary;
	}
	w->growth.next.n_rows = range.at + range.n;
	describe(w);
	w->record.stamp = *stamp;
	w->record.n_rows = w->growth.next.n_rows;
	return growth_next(w, err);
}
