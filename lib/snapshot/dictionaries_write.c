#include "snapshot/dictionaries_write.h"

#include "base/alloc.h"
#include "base/crc32.h"
#include "base/error.h"
#include "columns/column_type.h"
#include "snapshot/arrow_format.h"

/*
 * The values of a dictionary are a column of their own, in a record batch of their own.
 * Whoever fills the table (ingest, or a program) gives them as complete columns in memory,
 * so their size is known before anything is written.
 */

#define MAX_PARTS 2 /* values or bits; or offsets and text */

/* The contents of one buffer, in the filler's memory. */
struct part {
	const void *from;
	uint64_t length;
};

static uint64_t padded(uint64_t n)
{
	return (n + ARROW_ALIGN - 1) & ~(uint64_t)(ARROW_ALIGN - 1);
}

/* Find the contents of the buffers that follow validity. Returns how many there are. */
static size_t parts_of(struct part parts[MAX_PARTS], const struct shmpub_column *c)
{
	enum column_form form = form_of_type(c->type);

	if (form == FORM_NONE)
		return 0;
	parts[0].from = form == FORM_TEXT ? (const void *)c->offsets : c->values;
	form_size(&parts[0].length, form, c->n_rows, value_width(c->type, 0));
	if (form != FORM_TEXT)
		return 1;
	parts[1].from = c->n_rows > 0 ? c->text + c->offsets[0] : NULL;
	parts[1].length = c->n_rows > 0 ? (uint64_t)(c->offsets[c->n_rows] - c->offsets[0]) : 0;
	return 2;
}

static int check(const struct shmpub_column *c, const struct field *f, struct shmpub_error *err)
{
	int size = span_shown(f->name, 80);

	if (c == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "column \"%.*s\" has no dictionary", size,
		                 f->name.data);
	if (c->type != f->type || c->dictionary != NULL || c->null_count > 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "column \"%.*s\": the dictionary has nulls or another type", size,
		                 f->name.data);
	if (c->n_rows > (uint64_t)INT32_MAX + 1)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "column \"%.*s\": %llu values in the dictionary", size,
		                 f->name.data, (unsigned long long)c->n_rows);
	return SHMPUB_OK;
}

static int plan_one(struct block *out, uint64_t *at, const struct shmpub_column *c,
                    struct shmpub_error *err)
{
	struct arrow_message m;
	struct part parts[MAX_PARTS];
	int r = arrow_message_dictionary(&m, 0, form_n_buffers(form_of_type(c->type)), err);

	if (r)
		return r;
	*out = (struct block){ .offset = *at, .size = padded(m.tree.bytes.size) };
	for (size_t i = 0, n = parts_of(parts, c); i < n; i++)
		out->body_length += padded(parts[i].length);
	*at += out->size + out->body_length;
	arrow_message_free(&m);
	return SHMPUB_OK;
}

int dictionaries_plan(struct dictionaries *out, uint64_t *end, uint64_t at,
                      const struct table_sink *sink, struct shmpub_error *err)
{
	struct dictionaries d = DICTIONARIES_NONE;
	size_t n = 0;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < sink->schema->n_fields; i++)
		n += sink->schema->fields[i].is_dictionary;
	d.blocks = mem_zalloc(n, sizeof(*d.blocks));
	d.columns = mem_zalloc(n, sizeof(const struct shmpub_column *));
	if (d.blocks == NULL || d.columns == NULL) {
		dictionaries_free(&d);
		return error_nomem(err, n * sizeof(*d.blocks));
	}
	for (size_t i = 0; r == SHMPUB_OK && i < sink->schema->n_fields; i++) {
		const struct shmpub_column *c = sink->columns[i].dictionary;

		if (!sink->schema->fields[i].is_dictionary)
			continue;
		r = check(c, &sink->schema->fields[i], err);
		if (r == SHMPUB_OK)
			r = plan_one(&d.blocks[d.n], &at, c, err);
		d.columns[d.n++] = c;
	}
	if (r) {
		dictionaries_free(&d);
		return r;
	}
	*out = d;
	*end = at;
	return SHMPUB_OK;
}

/* Write one buffer, and zeros up to the next multiple of 64. Returns how many bytes that were. */
static uint64_t copy_part(char *to, const struct part *p)
{
	if (p->length > 0 && p->from != NULL)
		memcpy(to, p->from, p->length);
	else /* without rows: one offset, for which the filler may have no memory */
		memset(to, 0, p->length);
	memset(to + p->length, 0, padded(p->length) - p->length);
	return padded(p->length);
}

/* After copying: unused bits become 0, and offsets count from 0. */
static void normalise(char *body, const struct shmpub_column *c)
{
	int64_t *offsets = (int64_t *)(void *)body;
	enum column_form form = form_of_type(c->type);
	int64_t base = form == FORM_TEXT ? offsets[0] : 0;

	if (form == FORM_BITS)
		bits_clear_end((uint8_t *)body, c->n_rows);
	for (uint64_t i = 0; base != 0 && i <= c->n_rows; i++)
		offsets[i] -= base;
}

static int write_one(char *file, struct record_message *message, const struct block *b,
                     const struct shmpub_column *c, size_t id, struct shmpub_error *err)
{
	struct part parts[MAX_PARTS];
	size_t n_buffers = form_n_buffers(form_of_type(c->type));
	struct arrow_message m;
	uint64_t at = 0;
	int r = arrow_message_dictionary(&m, (int64_t)id, n_buffers, err);

	if (r)
		return r;
	arrow_message_pad(&m, b->size);
	arrow_message_set_rows(&m, c->n_rows, b->body_length);
	arrow_message_set_node(&m, 0, c->n_rows, 0);
	for (size_t i = 0, n = parts_of(parts, c); i < n; i++) {
		arrow_message_set_buffer(&m, i + 1, at, parts[i].length);
		at += copy_part(file + b->offset + b->size + at, &parts[i]);
	}
	normalise(file + b->offset + b->size, c);
	r = m.tree.status;
	if (r == SHMPUB_OK) {
		memcpy(file + b->offset, m.tree.bytes.data, b->size);
		*message = (struct record_message){ .offset = b->offset,
			                            .size = b->size,
			                            .crc = crc32(m.tree.bytes.data, b->size) };
	}
	arrow_message_free(&m);
	return r;
}

int dictionaries_write(const struct dictionaries *d, char *file, struct record_message *messages,
                       struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; r == SHMPUB_OK && i < d->n; i++)
		r = write_one(file, &messages[i], &d->blocks[i], d->columns[i], i, err);
	return r;
}

void dictionaries_free(struct dictionaries *d)
{
	mem_free(d->blocks);
	mem_free(d->columns);
	*d = DICTIONARIES_NONE;
}
