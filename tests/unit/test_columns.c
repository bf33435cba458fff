#include "unit/check.h"

#include "base/alloc.h"
#include "columns/codes.h"
#include "columns/column_type.h"
#include "columns/schema.h"
#include "columns/table.h"
#include "tools/schema_equal.h"

static int build(struct schema *s)
{
	int r = schema_init(s, 3, NULL);

	if (r == SHMPUB_OK)
		r = schema_set_name(s, 0, span_str("time"), NULL);
	if (r == SHMPUB_OK)
		r = schema_set_timezone(s, 0, "UTC", NULL);
	if (r == SHMPUB_OK)
		r = schema_set_name(s, 1, span_str("price"), NULL);
	if (r)
		return r;
	s->fields[0].type = SHMPUB_TIMESTAMP;
	s->fields[0].unit = SHMPUB_MICROSECOND;
	s->fields[0].index_level = 0;
	s->fields[1].type = SHMPUB_FLOAT64;
	return SHMPUB_OK;
}

static void change_name(struct schema *s)
{
	schema_set_name(s, 1, span_str("prices"), NULL);
}
static void change_timezone(struct schema *s)
{
	schema_set_timezone(s, 0, "+02:00", NULL);
}
static void drop_timezone(struct schema *s)
{
	schema_set_timezone(s, 0, NULL, NULL);
}
static void change_type(struct schema *s)
{
	s->fields[1].type = SHMPUB_INT64;
}
static void change_unit(struct schema *s)
{
	s->fields[0].unit = SHMPUB_NANOSECOND;
}
static void change_kind(struct schema *s)
{
	s->fields[2].kind = SHMPUB_KIND_BOOL;
}
static void change_index(struct schema *s)
{
	s->fields[0].index_level = -1;
}
static void change_unnamed(struct schema *s)
{
	s->fields[0].is_unnamed = true;
}
static void change_dictionary(struct schema *s)
{
	s->fields[1].is_dictionary = true;
}
static void change_integer_name(struct schema *s)
{
	s->fields[1].is_integer_name = true;
}
static void same_name_again(struct schema *s)
{
	schema_set_name(s, 1, span_str("price"), NULL);
}

static const struct {
	const char *label;
	void (*change)(struct schema *s);
	bool equal;
} changes[] = {
	{ "the same name set again", same_name_again, true },
	{ "another name", change_name, false },
	{ "another zone", change_timezone, false },
	{ "no zone", drop_timezone, false },
	{ "another type", change_type, false },
	{ "another unit", change_unit, false },
	{ "another kind", change_kind, false },
	{ "no index", change_index, false },
	{ "an unnamed index", change_unnamed, false },
	{ "a dictionary", change_dictionary, false },
	{ "an integer label", change_integer_name, false },
};

static void test_equal(void)
{
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct schema a = SCHEMA_NONE, b = SCHEMA_NONE;

		CHECK_INT(changes[i].label, build(&a), SHMPUB_OK);
		CHECK_INT(changes[i].label, schema_copy(&b, &a, NULL), SHMPUB_OK);
		CHECK("a copy is equal", schema_equal(&a, &b));
		changes[i].change(&b);
		CHECK_INT(changes[i].label, schema_equal(&a, &b), changes[i].equal);
		schema_free(&a);
		schema_free(&b);
		schema_free(&b);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

static void test_other_width(void)
{
	struct schema a = SCHEMA_NONE, b = SCHEMA_NONE;

	CHECK_INT("3 fields", schema_init(&a, 3, NULL), SHMPUB_OK);
	CHECK_INT("2 fields", schema_init(&b, 2, NULL), SHMPUB_OK);
	CHECK("another number of fields", !schema_equal(&a, &b));
	CHECK_INT("columns by default", b.fields[1].index_level, -1);
	schema_free(&a);
	schema_free(&b);
}

static void test_no_memory(void)
{
	for (long n = 0;; n++) {
		struct schema a = SCHEMA_NONE, b = SCHEMA_NONE;
		int r;

		mem_fail_after(n);
		r = build(&a);
		if (r == SHMPUB_OK)
			r = schema_copy(&b, &a, NULL);
		mem_fail_after(-1);
		schema_free(&a);
		schema_free(&b);
		CHECK_INT("nothing left", mem_live(), 0);
		if (r == SHMPUB_OK) {
			CHECK("every request was failed in turn", n >= 8);
			return;
		}
		CHECK_INT("memory ran out", r, SHMPUB_ERR_NOMEM);
	}
}

static const uint8_t codes1[] = { 2, 0, 127 };
static const uint16_t codes2[] = { 2, 0, 300 };
static const uint32_t codes4[] = { 2, 0, 70000 };

static void test_resolve(void)
{
	static const struct {
		const char *label;
		const void *codes;
		int size;
		uint64_t last;
	} cases[] = {
		{ "one byte", codes1, 1, 127 },
		{ "two bytes", codes2, 2, 300 },
		{ "four bytes", codes4, 4, 70000 },
	};
	struct shmpub_column values = { .type = SHMPUB_INT64 }, c = { .dictionary = &values };
	uint64_t row = 2;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		c.values = cases[i].codes;
		c.code_size = cases[i].size;
		row = 0;
		CHECK(cases[i].label, column_resolve(&c, &row) == &values && row == 2);
		row = 2;
		CHECK(cases[i].label, column_resolve(&c, &row) == &values && row == cases[i].last);
	}
	row = 5;
	CHECK("without a dictionary", column_resolve(&values, &row) == &values && row == 5);
}

/* A code is read back as it was put, at every width and at its edges, and touches no other. */
static void test_codes(void)
{
	static const struct {
		uint64_t n;
		int size;
	} sizes[] = { { 0, 1 },     { 1, 1 },     { 128, 1 },        { 129, 2 },
		      { 32768, 2 }, { 32769, 4 }, { UINT32_MAX, 4 }, { UINT64_MAX, 4 } };
	static const uint32_t most[] = { 0, 127, 32767, 0, INT32_MAX };
	unsigned char codes[3 * 4];

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		CHECK_INT("size", code_size_for(sizes[i].n), sizes[i].size);
	for (int size = 1; size <= 4; size *= 2) {
		memset(codes, 0xA5, sizeof(codes));
		code_put(codes, size, 1, most[size]);
		CHECK_INT("code", code_get(codes, size, 1), most[size]);
		CHECK_INT("the one before", codes[size - 1], 0xA5);
		CHECK_INT("the one after", codes[2 * size], 0xA5);
	}
}

/* Each type has a row that is complete, and no two rows are the same type to a reader of Arrow. */
static void test_types(void)
{
	const struct column_type *t, *other;
	int n = 0;

	for (; (t = column_type((enum shmpub_type)n)) != NULL; n++) {
		CHECK("names", t->name != NULL && t->pandas_name != NULL);
		CHECK("an Arrow type", t->arrow_id != 0);
		CHECK_INT("a size for values only", t->value_size, t->form == FORM_VALUES ? 8 : 0);
		CHECK("codes are no type's form", t->form != FORM_CODES);
		CHECK_INT("form", form_of_type((enum shmpub_type)n), t->form);
		for (int i = 0; i < n; i++) {
			other = column_type((enum shmpub_type)i);
			CHECK("another Arrow type", t->arrow_id != other->arrow_id ||
			                                    t->arrow_value != other->arrow_value);
		}
	}
	CHECK_INT("every type has a row", n, SHMPUB_TEXT + 1);
	CHECK("no such type", column_type((enum shmpub_type)77) == NULL);
	CHECK_INT("no such form", form_of_type((enum shmpub_type)77), FORM_NONE);
}

int main(void)
{
	test_types();
	test_equal();
	test_other_width();
	test_no_memory();
	test_resolve();
	test_codes();
	return check_report();
}
