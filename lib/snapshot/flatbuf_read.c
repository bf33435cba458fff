#include "snapshot/flatbuf_read.h"

#include "base/checked.h"
#include "base/utf8.h"
#include "snapshot/arrow_format.h"

/*
 * No byte is read except by flatbuf_load(), or in a range that range_inside() has checked.
 * Offsets are added as 64-bit numbers, in which the sum of two 32-bit offsets cannot
 * overflow.
 */

/*
 * With one memcpy() of constant size for each case: readers call this a dozen times for each field.
 */
uint64_t flatbuf_load(struct flatbuf_view *v, uint64_t at, size_t size)
{
	const char *p;
	uint64_t eight;
	uint32_t four;
	uint16_t two;

	if (v->is_bad || at < v->from || !range_inside(at, size, v->bytes.size)) {
		v->is_bad = true;
		return 0;
	}
	p = v->bytes.data + at;
	switch (size) { /* little-endian: arrow_format.h */
	case 1:
		return (unsigned char)*p;
	case 2:
		memcpy(&two, p, sizeof(two));
		return two;
	case 4:
		memcpy(&four, p, sizeof(four));
		return four;
	default:
		memcpy(&eight, p, sizeof(eight));
		return eight;
	}
}

/*
 * Returns the position that the reference at `slot` means; 0 and is_bad: it is outside the buffer.
 */
static uint32_t follow(struct flatbuf_view *v, uint64_t slot)
{
	uint64_t target = slot + flatbuf_load(v, slot, 4);

	if (v->is_bad || target == slot || target >= v->bytes.size || target > UINT32_MAX) {
		v->is_bad = true;
		return 0;
	}
	return (uint32_t)target;
}

static struct flatbuf_table table_at(struct flatbuf_view *v, uint32_t at)
{
	struct flatbuf_table t = { .at = at };
	int64_t vtable = (int64_t)at - (int32_t)(uint32_t)flatbuf_load(v, at, 4);

	if (v->is_bad || vtable < 0 || vtable > UINT32_MAX) {
		v->is_bad = true;
		return (struct flatbuf_table){ 0 };
	}
	t.vtable = (uint32_t)vtable;
	t.vtable_size = (uint16_t)flatbuf_load(v, t.vtable, 2);
	t.size = (uint16_t)flatbuf_load(v, (uint64_t)t.vtable + 2, 2);
	if (v->is_bad || t.vtable_size < 4 || t.size < 4 ||
	    !range_inside(t.vtable, t.vtable_size, v->bytes.size) ||
	    !range_inside(t.at, t.size, v->bytes.size)) {
		v->is_bad = true;
		return (struct flatbuf_table){ 0 };
	}
	return t;
}

struct flatbuf_table flatbuf_root(struct flatbuf_view *v)
{
	uint32_t at = follow(v, 0);

	return v->is_bad ? (struct flatbuf_table){ 0 } : table_at(v, at);
}

/* Returns the position of field `id`; 0: the table does not have it. */
static uint64_t slot_of(struct flatbuf_view *v, const struct flatbuf_table *t, int id, size_t size)
{
	uint32_t entry = 4 + 2 * (uint32_t)id;
	uint64_t place;

	if (v->is_bad || t->at == 0 || entry + 2 > t->vtable_size)
		return 0;
	place = flatbuf_load(v, (uint64_t)t->vtable + entry, 2);
	if (place == 0)
		return 0;
	if (place < 4 || !range_inside(place, size, t->size)) {
		v->is_bad = true;
		return 0;
	}
	return t->at + place;
}

uint64_t flatbuf_number(struct flatbuf_view *v, const struct flatbuf_table *t, int id, size_t size,
                        uint64_t absent)
{
	uint64_t slot = slot_of(v, t, id, size);

	return slot == 0 ? absent : flatbuf_load(v, slot, size);
}

static uint32_t referred(struct flatbuf_view *v, const struct flatbuf_table *t, int id)
{
	uint64_t slot = slot_of(v, t, id, 4);

	return slot == 0 ? 0 : follow(v, slot);
}

struct flatbuf_table flatbuf_child(struct flatbuf_view *v, const struct flatbuf_table *t, int id)
{
	uint32_t at = referred(v, t, id);

	return at == 0 ? (struct flatbuf_table){ 0 } : table_at(v, at);
}

static struct flatbuf_items items_at(struct flatbuf_view *v, uint32_t at, size_t size)
{
	uint64_t n = flatbuf_load(v, at, 4);

	if (v->is_bad || !range_inside((uint64_t)at + 4, n * size, v->bytes.size)) {
		v->is_bad = true;
		return (struct flatbuf_items){ 0, 0 };
	}
	return (struct flatbuf_items){ at + 4, (uint32_t)n };
}

struct flatbuf_items flatbuf_items(struct flatbuf_view *v, const struct flatbuf_table *t, int id,
                                   size_t size)
{
	uint32_t at = referred(v, t, id);

	return at == 0 ? (struct flatbuf_items){ 0, 0 } : items_at(v, at, size);
}

struct span flatbuf_text(struct flatbuf_view *v, const struct flatbuf_table *t, int id)
{
	struct flatbuf_items bytes = flatbuf_items(v, t, id, 1);
	struct span text;

	if (bytes.at == 0)
		return SPAN_NONE;
	text = span_of(v->bytes.data + bytes.at, bytes.n);
	if (flatbuf_load(v, (uint64_t)bytes.at + bytes.n, 1) != 0 ||
	    utf8_valid_prefix(text) != text.size)
		v->is_bad = true;
	return v->is_bad ? SPAN_NONE : text;
}

struct flatbuf_table flatbuf_item(struct flatbuf_view *v, const struct flatbuf_items *items,
                                  uint32_t i)
{
	uint32_t at = follow(v, (uint64_t)items->at + 4 * (uint64_t)i);

	return v->is_bad ? (struct flatbuf_table){ 0 } : table_at(v, at);
}
