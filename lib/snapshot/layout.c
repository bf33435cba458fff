#include "snapshot/layout.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "snapshot/arrow_format.h"

/*
 * The order of areas in the body is not the order of fields: numeric columns of one
 * type come together at a constant stride, so that a reader covers all of them with
 * one two-dimensional view. Then codes, bits, offsets of text, the bitmaps of nulls
 * (which a table seldom has: then their room is never touched), and last, because
 * its size is not known when the areas are given out, text: where it is expected, with
 * some room to spare, else once it is known.
 *
 * A stride that is a multiple of 4096 puts the same row of every column into the
 * same set of the processor's caches, and filling row by row would throw out what it
 * wrote a moment ago: such a stride gets 64 bytes more.
 */

#define LAYOUT_LIMIT (UINT64_C(1) << 62)

enum column_form form_of_field(const struct field *f)
{
	return f->is_dictionary ? FORM_CODES : form_of_type(f->type);
}

size_t form_n_buffers(enum column_form form)
{
	if (form == FORM_NONE)
		return 0;
	return form == FORM_TEXT ? 3 : 2;
}

uint64_t bits_size(uint64_t n_rows)
{
	return n_rows / 8 + (n_rows % 8 != 0);
}

void bits_clear_end(uint8_t *bits, uint64_t n_rows)
{
	if (n_rows % 8 != 0)
		bits[n_rows / 8] &= (uint8_t)((1u << n_rows % 8) - 1);
}

uint64_t value_width(enum shmpub_type type, int code_size)
{
	return code_size > 0 ? (uint64_t)code_size : column_type(type)->value_size;
}

bool form_size(uint64_t *out, enum column_form form, uint64_t n_rows, uint64_t width)
{
	switch (form) {
	case FORM_BITS:
		*out = bits_size(n_rows);
		return true;
	case FORM_VALUES:
	case FORM_CODES:
		return u64_mul(out, n_rows, width);
	case FORM_TEXT:
		return u64_add(out, n_rows, 1) && u64_mul(out, *out, 8);
	default:
		*out = 0;
		return true;
	}
}

static bool has_region(const struct field *f)
{
	return form_of_field(f) == FORM_VALUES;
}

static bool same_timezone(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* True when both fields are plain numbers of one Arrow type, and so share a region. */
static bool same_region(const struct field *a, const struct field *b)
{
	if (!has_region(a) || !has_region(b) || a->type != b->type)
		return false;
	return a->type != SHMPUB_TIMESTAMP ||
	       (a->unit == b->unit && same_timezone(a->timezone, b->timezone));
}

/* Give out `size` bytes at *at, which moves on to the next multiple of 64. */
static bool take(uint64_t *place, uint64_t *at, uint64_t size)
{
	*place = *at;
	return u64_add(at, *at, size) && u64_align(at, *at, ARROW_ALIGN) && *at < LAYOUT_LIMIT;
}

static bool stride_for(uint64_t *out, uint64_t capacity, uint64_t width)
{
	if (!u64_mul(out, capacity, width) || !u64_align(out, *out, ARROW_ALIGN))
		return false;
	if (*out % 4096 == 0)
		*out += ARROW_ALIGN;
	return true;
}

/* The region of field i, made if it is the first of its type. */
static struct region *region_of(struct layout *l, const struct schema *s, size_t i)
{
	struct region *r;

	for (size_t k = 0; k < l->n_regions; k++) {
		if (same_region(&s->fields[l->regions[k].field], &s->fields[i]))
			return &l->regions[k];
	}
	r = &l->regions[l->n_regions++];
	*r = (struct region){ .field = i };
	return r;
}

static bool place_region(struct region *r, const struct schema *s, uint64_t capacity, uint64_t *at)
{
	uint64_t size;

	return stride_for(&r->stride, capacity, value_width(s->fields[r->field].type, 0)) &&
	       u64_mul(&size, r->stride, r->n) && take(&r->offset, at, size);
}

static bool place_regions(struct layout *l, const struct schema *s, uint64_t capacity, uint64_t *at)
{
	const struct region *r;

	/* until offsets are known: the place in its region */
	for (size_t i = 0; i < s->n_fields; i++) {
		if (has_region(&s->fields[i]))
			l->columns[i].values = region_of(l, s, i)->n++;
	}
	for (size_t k = 0; k < l->n_regions; k++) {
		if (!place_region(&l->regions[k], s, capacity, at))
			return false;
	}
	for (size_t i = 0; i < s->n_fields; i++) {
		if (!has_region(&s->fields[i]))
			continue;
		r = region_of(l, s, i);
		l->columns[i].values = r->offset + l->columns[i].values * r->stride;
	}
	return true;
}

static bool place_form(struct layout *l, enum column_form form, uint64_t capacity, uint64_t *at)
{
	uint64_t size;

	if (!form_size(&size, form, capacity, 4))
		return false;
	for (size_t i = 0; i < l->n_columns; i++) {
		if (l->columns[i].form == form && !take(&l->columns[i].values, at, size))
			return false;
	}
	return true;
}

static bool place_validity(struct layout *l, uint64_t capacity, uint64_t *at)
{
	for (size_t i = 0; i < l->n_columns; i++) {
		if (l->columns[i].form != FORM_NONE &&
		    !take(&l->columns[i].validity, at, bits_size(capacity)))
			return false;
	}
	return true;
}

static bool text_room_for(uint64_t *out, uint64_t size, const struct text_room *room)
{
	if (room->times > 0 && !u64_mul(out, size, room->times))
		return false;
	if (room->times == 0)
		*out = size;
	if (*out < room->least)
		*out = room->least;
	if (room->more > 0 && *out > size && *out - size > room->more)
		*out = size + room->more;
	return true;
}

/* Text whose size is expected has its place already, with so much room. */
static bool place_text(struct layout *l, const struct schema *s, const struct text_room *room,
                       uint64_t *at)
{
	for (size_t i = 0; i < l->n_columns; i++) {
		struct column_place *c = &l->columns[i];

		if (c->form != FORM_TEXT)
			continue;
		if (!text_room_for(&c->text_room, s->fields[i].text_expected, room) ||
		    !take(&c->text, at, c->text_room))
			return false;
	}
	return true;
}

static bool place_all(struct layout *l, const struct schema *s, uint64_t capacity,
                      const struct text_room *room)
{
	uint64_t at = l->body_at;

	if (!place_regions(l, s, capacity, &at) || !place_form(l, FORM_CODES, capacity, &at) ||
	    !place_form(l, FORM_BITS, capacity, &at) || !place_form(l, FORM_TEXT, capacity, &at) ||
	    !place_validity(l, capacity, &at) || !place_text(l, s, room, &at))
		return false;
	l->fixed_end = at;
	l->body_end = at;
	return true;
}

int layout_plan(struct layout *out, const struct schema *schema, uint64_t capacity,
                uint64_t schema_size, uint64_t batch_size, const struct text_room *room,
                struct shmpub_error *err)
{
	struct layout l = { .n_columns = schema->n_fields, .schema_size = schema_size };
	int r = SHMPUB_OK;

	l.columns = mem_zalloc(schema->n_fields, sizeof(*l.columns));
	l.regions = mem_zalloc(schema->n_fields, sizeof(*l.regions));
	if (l.columns == NULL || l.regions == NULL) {
		r = error_nomem(err, schema->n_fields * sizeof(*l.columns));
		goto out;
	}
	for (size_t i = 0; i < schema->n_fields; i++) {
		l.columns[i].form = form_of_field(&schema->fields[i]);
		l.n_buffers += form_n_buffers(l.columns[i].form);
	}
	l.batch_at = ARROW_SCHEMA_AT + schema_size;
	l.body_at = (l.batch_at + batch_size + ARROW_ALIGN - 1) & ~(uint64_t)(ARROW_ALIGN - 1);
	l.batch_size = l.body_at - l.batch_at;
	if (!place_all(&l, schema, capacity, room)) {
		r = error_set(err, SHMPUB_ERR_LIMIT, "%llu rows of %zu columns are too many",
		              (unsigned long long)capacity, schema->n_fields);
		goto out;
	}
	*out = l;
	l = LAYOUT_NONE;
out:
	layout_free(&l);
	return r;
}

int layout_text(struct layout *l, const struct table_sink *sink, const struct text_room *room,
                struct shmpub_error *err)
{
	uint64_t at = l->fixed_end;

	for (size_t i = 0; i < l->n_columns; i++) {
		struct column_place *c = &l->columns[i];

		if (c->form != FORM_TEXT)
			continue;
		c->text_size = sink->columns[i].text_size;
		if (sink->columns[i].is_text_done)
			continue;
		if (!text_room_for(&c->text_room, c->text_size, room) ||
		    !take(&c->text, &at, c->text_room))
			return error_set(err, SHMPUB_ERR_LIMIT, "%llu bytes of text are too many",
			                 (unsigned long long)c->text_size);
	}
	l->body_end = at;
	return SHMPUB_OK;
}

void layout_free(struct layout *l)
{
	mem_free(l->columns);
	mem_free(l->regions);
	*l = LAYOUT_NONE;
}
