#include "unit/check.h"

#include "base/alloc.h"
#include "snapshot/flatbuf_read.h"
#include "snapshot/flatbuf_write.h"

static const struct flatbuf_shape all_sizes = { 6, { 1, 8, 2, 0, 4, 4 } };
static const struct flatbuf_shape leaf = { 2, { 4, 1 } };

/* A root with numbers of every size, a text, and `n` leaves. */
static int build(struct flatbuf *f, uint32_t n)
{
	uint32_t root, vector;

	flatbuf_align(f, 8, 4);
	root = flatbuf_table(f, &all_sizes);
	flatbuf_refer(f, 0, root);
	flatbuf_put(f, &all_sizes, root, 0, 0xA1);
	flatbuf_put(f, &all_sizes, root, 1, 0x1122334455667788);
	flatbuf_put(f, &all_sizes, root, 2, 0xBEEF);
	flatbuf_refer(f, flatbuf_slot(&all_sizes, root, 4), flatbuf_string(f, span_str("text")));
	vector = flatbuf_vector(f, n, 4, 4);
	flatbuf_refer(f, flatbuf_slot(&all_sizes, root, 5), vector);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t table = flatbuf_table(f, &leaf);

		flatbuf_refer(f, vector + 4 + 4 * i, table);
		flatbuf_put(f, &leaf, table, 0, i * 1000);
		flatbuf_put(f, &leaf, table, 1, i & 1);
	}
	flatbuf_settle(f);
	return f->status;
}

static struct flatbuf_view view_of(const struct flatbuf *f)
{
	return (struct flatbuf_view){ .bytes = buffer_span(&f->bytes) };
}

static void test_round_trip(void)
{
	struct flatbuf f = FLATBUF_NONE;
	struct flatbuf_view v;
	struct flatbuf_table root;
	struct flatbuf_items items;

	CHECK_INT("built", build(&f, 5), SHMPUB_OK);
	v = view_of(&f);
	root = flatbuf_root(&v);
	CHECK_INT("8 bits", flatbuf_number(&v, &root, 0, 1, 0), 0xA1);
	CHECK_INT("64 bits", flatbuf_number(&v, &root, 1, 8, 0), 0x1122334455667788);
	CHECK_INT("16 bits", flatbuf_number(&v, &root, 2, 2, 0), 0xBEEF);
	CHECK_INT("absent", flatbuf_number(&v, &root, 3, 4, 77), 77);
	CHECK_INT("unknown to the writer", flatbuf_number(&v, &root, 6, 4, 78), 78);
	CHECK("text", span_is(flatbuf_text(&v, &root, 4), "text"));
	CHECK("no text", flatbuf_text(&v, &root, 3).data == NULL);
	CHECK_INT("no child", flatbuf_child(&v, &root, 3).at, 0);
	items = flatbuf_items(&v, &root, 5, 4);
	CHECK_INT("5 leaves", items.n, 5);
	for (uint32_t i = 0; i < items.n; i++) {
		struct flatbuf_table t = flatbuf_item(&v, &items, i);

		CHECK_INT("leaf", flatbuf_number(&v, &t, 0, 4, 0), i * 1000);
		CHECK_INT("leaf", flatbuf_number(&v, &t, 1, 1, 9), i & 1);
		CHECK_INT("tables begin on 8", t.at % 8, 0);
		CHECK("vtables come behind", t.vtable > t.at);
	}
	CHECK("all is well", !v.is_bad);
	flatbuf_free(&f);
	flatbuf_free(&f);
	CHECK_INT("nothing left", mem_live(), 0);
}

static void test_alignment(void)
{
	for (uint32_t before = 0; before < 9; before++) {
		struct flatbuf f = FLATBUF_NONE;
		uint32_t at;

		flatbuf_append(&f, span_of("123456789", before));
		at = flatbuf_vector(&f, 3, 24, 8);
		CHECK_INT("elements of 8 lie on 8", (at + 4) % 8, 0);
		CHECK_INT("room for all", flatbuf_size(&f), at + 4 + 3 * 24);
		at = flatbuf_string(&f, span_str("abc"));
		CHECK_INT("strings lie on 4", at % 4, 0);
		CHECK_INT("a NUL behind", f.bytes.data[at + 7], 0);
		flatbuf_free(&f);
	}
}

/* Walk everything; the sanitizers see what is outside. */
static uint64_t walk(struct flatbuf_view *v)
{
	struct flatbuf_table root = flatbuf_root(v);
	struct flatbuf_items items = flatbuf_items(v, &root, 5, 4);
	struct span text = flatbuf_text(v, &root, 4);
	uint64_t sum = flatbuf_number(v, &root, 1, 8, 0);

	for (size_t i = 0; i < text.size; i++)
		sum += (unsigned char)text.data[i];
	for (uint32_t i = 0; i < items.n && !v->is_bad; i++) {
		struct flatbuf_table t = flatbuf_item(v, &items, i);

		sum += flatbuf_number(v, &t, 0, 4, 0);
	}
	return sum;
}

static void test_hostile(void)
{
	struct flatbuf f = FLATBUF_NONE;
	size_t n_bad = 0;

	build(&f, 3);
	for (size_t at = 0; at < f.bytes.size; at++) {
		for (int value = 0; value < 256; value += 5) {
			char *copy = malloc(f.bytes.size);
			struct flatbuf_view v = { .bytes = span_of(copy, f.bytes.size) };

			memcpy(copy, f.bytes.data, f.bytes.size);
			copy[at] = (char)value;
			CHECK("walked", walk(&v) != 1);
			n_bad += v.is_bad;
			free(copy);
		}
	}
	CHECK("most references and sizes were seen through", n_bad > 500);
	for (size_t size = 0; size < f.bytes.size; size++) {
		char *copy = malloc(size);
		struct flatbuf_view v = { .bytes = span_of(copy, size) };

		if (size > 0)
			memcpy(copy, f.bytes.data, size);
		walk(&v);
		CHECK("cut short is bad", v.is_bad);
		free(copy);
	}
	flatbuf_free(&f);
}

static void test_sticks(void)
{
	struct flatbuf_view v = { .bytes = span_of("\xff\xff\xff\xff\0\0\0\0", 8) };
	struct flatbuf_table root = flatbuf_root(&v);

	CHECK("bad", v.is_bad);
	CHECK_INT("no root", root.at, 0);
	CHECK_INT("load answers 0", flatbuf_load(&v, 0, 4), 0);
	CHECK_INT("number answers absent", flatbuf_number(&v, &root, 0, 4, 5), 5);
	CHECK_INT("no items", flatbuf_items(&v, &root, 0, 4).n, 0);
}

static void test_no_memory(void)
{
	for (long n = 0;; n++) {
		struct flatbuf f = FLATBUF_NONE;
		int r;

		mem_fail_after(n);
		r = build(&f, 400);
		mem_fail_after(-1);
		flatbuf_free(&f);
		CHECK_INT("nothing left", mem_live(), 0);
		if (r == SHMPUB_OK) {
			CHECK("every request was failed in turn", n >= 4);
			return;
		}
		CHECK_INT("memory ran out", r, SHMPUB_ERR_NOMEM);
	}
}

static void test_limit(void)
{
	struct flatbuf f = FLATBUF_NONE;
	struct shmpub_error err = { 0 };

	f.err = &err;
	flatbuf_vector(&f, UINT64_C(1) << 40, 16, 8);
	CHECK_INT("2 GiB", f.status, SHMPUB_ERR_LIMIT);
	CHECK_STR("2 GiB", err.message, "metadata of the table exceeds 2 GiB");
	flatbuf_free(&f);
}

int main(void)
{
	test_round_trip();
	test_alignment();
	test_hostile();
	test_sticks();
	test_no_memory();
	test_limit();
	return check_report();
}
