#include "unit/check.h"

#include "base/alloc.h"
#include "snapshot/record.h"
#include "tools/golden_tables.h"
#include "tools/table_equal.h"

/* --- a filler, as ingest/ is one: fewer rows than there is room for, codes narrowed ---- */

enum { F_TEXT, F_FLOAT, F_CODE, F_BOOL, F_MOMENT, F_SECOND_FLOAT, N_FIELDS };

static int fill_schema(struct schema *s)
{
	static const struct field fields[N_FIELDS] = {
		[F_TEXT] = { .type = SHMPUB_TEXT },
		[F_FLOAT] = { .type = SHMPUB_FLOAT64 },
		[F_CODE] = { .type = SHMPUB_TEXT, .is_dictionary = true },
		[F_BOOL] = { .type = SHMPUB_BOOL },
		[F_MOMENT] = { .type = SHMPUB_TIMESTAMP, .unit = SHMPUB_NANOSECOND },
		[F_SECOND_FLOAT] = { .type = SHMPUB_FLOAT64 },
	};
	static const char names[N_FIELDS][4] = { "t", "f", "c", "b", "m", "f2" };
	int r = schema_init(s, N_FIELDS, NULL);

	for (size_t i = 0; r == SHMPUB_OK && i < N_FIELDS; i++) {
		s->fields[i] = fields[i];
		s->fields[i].index_level = -1;
		r = schema_set_name(s, i, span_str(names[i]), NULL);
	}
	return r;
}

/* Every third row has nothing. Text of row i is i % 5 times the letter 'a' + i % 26. */
static bool has_value(uint64_t row)
{
	return row % 3 != 2;
}

static void round_1(struct table_sink *s, uint64_t n_rows)
{
	struct column_sink *c = s->columns;

	s->n_rows = n_rows;
	for (size_t i = 0; i < N_FIELDS; i++) {
		c[i].null_count = i == F_SECOND_FLOAT ? 0 : n_rows / 3;
		for (uint64_t row = 0; row < n_rows; row++)
			bit_put(c[i].validity, row, has_value(row));
	}
	for (uint64_t row = 0; row < n_rows; row++) {
		bool has = has_value(row);

		c[F_TEXT].offsets[row] = (int64_t)(row * 7); /* whatever the filler needs */
		c[F_TEXT].text_size += has ? row % 5 : 0;
		((double *)c[F_FLOAT].values)[row] = has ? (double)row / 4 : NAN;
		((uint32_t *)c[F_CODE].values)[row] = has ? (uint32_t)row % 3 : 0;
		bit_put(c[F_BOOL].values, row, has && row % 2);
		((int64_t *)c[F_MOMENT].values)[row] = has ? (int64_t)row : INT64_MIN;
		((double *)c[F_SECOND_FLOAT].values)[row] = -(double)row;
	}
	c[F_CODE].dictionary = &golden_cities;
}

static void round_2(struct table_sink *s)
{
	struct column_sink *c = s->columns;
	int64_t at = 0;

	for (uint64_t row = 0; row < s->n_rows; row++) {
		size_t size = has_value(row) ? row % 5 : 0;

		CHECK_INT("what round 1 left is still there", c[F_TEXT].offsets[row], row * 7);
		c[F_TEXT].offsets[row] = at;
		memset(c[F_TEXT].text + at, 'a' + (int)(row % 26), size);
		at += (int64_t)size;
	}
	c[F_TEXT].offsets[s->n_rows] = at;
	for (uint64_t row = 0; row < s->n_rows; row++)
		((uint8_t *)c[F_CODE].values)[row] = (uint8_t)((uint32_t *)c[F_CODE].values)[row];
	c[F_CODE].code_size = 1;
}

static bool rows_are_right(const struct table *t, uint64_t n_rows)
{
	const struct shmpub_column *c = t->columns;

	for (uint64_t row = 0; row < n_rows; row++) {
		uint64_t code = row;
		struct span text = column_text(&c[F_TEXT], row);

		if (((const double *)c[F_SECOND_FLOAT].values)[row] != -(double)row ||
		    column_is_valid(&c[F_FLOAT], row) != has_value(row))
			return false;
		if (!has_value(row))
			continue;
		column_resolve(&c[F_CODE], &code);
		if (text.size != row % 5 || (text.size && text.data[0] != 'a' + (char)(row % 26)) ||
		    ((const double *)c[F_FLOAT].values)[row] != (double)row / 4 ||
		    code != row % 3 || bit_get(c[F_BOOL].values, row) != (row % 2 != 0) ||
		    ((const int64_t *)c[F_MOMENT].values)[row] != (int64_t)row)
			return false;
	}
	return true;
}

static void check_places(const struct table_sink *s)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		CHECK_INT("validity on 64", (uintptr_t)s->columns[i].validity % 64, 0);
		CHECK_INT("values on 64", (uintptr_t)s->columns[i].values % 64, 0);
		CHECK_INT("offsets on 64", (uintptr_t)s->columns[i].offsets % 64, 0);
	}
}

static int write_filled(struct golden_memory *bytes, uint64_t capacity, uint64_t n_rows,
                        uint64_t *size)
{
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = bytes };
	struct snapshot_origin origin = golden_origin();
	struct snapshot_writer *w = NULL;
	struct schema schema = SCHEMA_NONE;
	struct table_sink *sink;
	int r = fill_schema(&schema);

	if (r == SHMPUB_OK)
		r = snapshot_writer_new(&w, &sink, &memory, &schema, capacity, &origin, NULL);
	if (r == SHMPUB_OK) {
		check_places(sink);
		round_1(sink, n_rows);
		r = snapshot_writer_text(w, NULL);
	}
	if (r == SHMPUB_OK) {
		check_places(sink);
		round_2(sink);
		r = snapshot_writer_finish(w, &golden_stamp, size, NULL);
	}
	snapshot_writer_free(w);
	schema_free(&schema);
	return r;
}

static const struct {
	const char *label;
	uint64_t capacity, n_rows;
} fills[] = {
	{ "no room, no rows", 0, 0 },
	{ "room, no rows", 100, 0 },
	{ "one row", 1, 1 },
	{ "all of the room", 64, 64 },
	{ "one short of the room", 65, 64 },
	{ "much less than the room", 10000, 77 },
	{ "a stride of 4096", 512, 512 },
};

static void test_filler(void)
{
	for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
		struct golden_memory bytes = { NULL, NULL, 0 };
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		struct shmpub_error err = { 0 };
		uint64_t size = 0;

		CHECK_INT(fills[i].label,
		          write_filled(&bytes, fills[i].capacity, fills[i].n_rows, &size),
		          SHMPUB_OK);
		CHECK(fills[i].label, size <= bytes.size);
		CHECK_INT(fills[i].label,
		          snapshot_view_init(&v, span_of(bytes.addr, size), SNAPSHOT_CHECK_FULL,
		                             &err),
		          SHMPUB_OK);
		CHECK_STR(fills[i].label, err.message, "");
		CHECK_INT(fills[i].label, v.table.n_rows, fills[i].n_rows);
		CHECK(fills[i].label, rows_are_right(&v.table, fills[i].n_rows));
		snapshot_view_free(&v);
		golden_release(&bytes);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

/* One region of two columns, and no stride that falls on the same lines of a cache again and again. */
static void test_strides(void)
{
	for (uint64_t capacity = 0; capacity < 2000; capacity += 8) {
		struct golden_memory bytes = { NULL, NULL, 0 };
		struct record r = RECORD_NONE;
		uint64_t size = 0;

		CHECK_INT("written", write_filled(&bytes, capacity, 0, &size), SHMPUB_OK);
		CHECK_INT("record",
		          record_read(&r, record_find(span_of(bytes.addr, size), size - 10), NULL),
		          SHMPUB_OK);
		CHECK_INT("floats and moments", r.n_regions, 2);
		CHECK_INT("floats", r.regions[0].field, F_FLOAT);
		CHECK_INT("floats", r.regions[0].n, 2);
		CHECK_INT("on 64", r.regions[0].stride % 64, 0);
		CHECK("room", r.regions[0].stride >= 8 * capacity);
		CHECK("not 4096", r.regions[0].stride % 4096 != 0);
		record_free(&r);
		golden_release(&bytes);
	}
}

/* --- equal schemas are equal bytes ------------------------------------------------------------------ */

static struct span schema_message(const struct golden_memory *bytes, uint64_t size, uint64_t *id)
{
	struct record r = RECORD_NONE;
	struct span message;

	CHECK_INT("record",
	          record_read(&r, record_find(span_of(bytes->addr, size), size - 10), NULL),
	          SHMPUB_OK);
	message = span_of(bytes->addr + r.schema.offset, r.schema.size);
	*id = r.schema_id;
	record_free(&r);
	return message;
}

static void test_same_schema(void)
{
	struct golden_memory a = { NULL, NULL, 0 }, b = { NULL, NULL, 0 };
	uint64_t size_a = 0, size_b = 0, id_a, id_b;
	struct span schema_a, schema_b;

	write_filled(&a, 1000, 900, &size_a);
	write_filled(&b, 70, 65, &size_b);
	schema_a = schema_message(&a, size_a, &id_a);
	schema_b = schema_message(&b, size_b, &id_b);
	CHECK("other rows, the same schema", span_eq(schema_a, schema_b));
	CHECK("the same id", id_a == id_b);
	golden_release(&b);
	write_filled(&b, 1000, 900, &size_b);
	CHECK("the same table is the same bytes",
	      span_eq(span_of(a.addr, size_a), span_of(b.addr, size_b)));
	golden_release(&a);
	golden_release(&b);
}

/* --- what is refused --------------------------------------------------------------------------------- */

static const int64_t falling[] = { 0, 3, 2 };
static const int64_t below[] = { -1, 0, 1 };
static const int64_t flat[] = { 0, 1, 2 };
static const struct shmpub_column values_with_null = {
	.type = SHMPUB_INT64, .n_rows = 3, .values = golden_numbers, .validity = golden_some
};

static const struct {
	const char *label;
	struct shmpub_column column;
	const char *message;
} refused[] = {
	{ "a name that is not UTF-8",
	  { COLUMN("caf\xe9"), INTS },
	  "the name of a column is not UTF-8" },
	{ "no such type",
	  { COLUMN("x"), .type = (enum shmpub_type)9 },
	  "column \"x\": no such type: 9" },
	{ "no such unit",
	  { COLUMN("x"), MOMENTS, .unit = (enum shmpub_unit)4 },
	  "column \"x\": no such unit: 4" },
	{ "a kind of another type",
	  { COLUMN("x"), INTS, .kind = SHMPUB_KIND_BOOL },
	  "column \"x\": kind 2 does not go with type 2" },
	{ "level 1 without level 0",
	  { NAME("x"), INTS, .index = 2 },
	  "1 index levels are not 0 to 0" },
	{ "level 64",
	  { NAME("x"), INTS, .index = 65 },
	  "index level 64 is given twice or is above 63" },
	{ "no values", { COLUMN("x"), .type = SHMPUB_INT64 }, "column \"x\": there are no values" },
	{ "offsets fall",
	  { COLUMN("x"), .type = SHMPUB_TEXT, .offsets = falling, .text = "abc" },
	  "column \"x\": offsets of text fall" },
	{ "offsets below 0",
	  { COLUMN("x"), .type = SHMPUB_TEXT, .offsets = below, .text = "abc" },
	  "column \"x\": text has no offsets, or they begin below 0" },
	{ "text that is not UTF-8",
	  { COLUMN("x"), .type = SHMPUB_TEXT, .offsets = flat, .text = "a\xff" },
	  "column \"x\": text is not UTF-8" },
	{ "text without bytes",
	  { COLUMN("x"), .type = SHMPUB_TEXT, .offsets = flat },
	  "column \"x\": text has no bytes" },
	{ "a code above",
	  { COLUMN("x"), .type = SHMPUB_INT64, .values = "\0\3", .code_size = 1,
	    .dictionary = &golden_number_values },
	  "column \"x\": a code lies outside the dictionary" },
	{ "codes of 3 bytes",
	  { COLUMN("x"), .type = SHMPUB_INT64, .values = "\0\0\0\0\0\0", .code_size = 3,
	    .dictionary = &golden_number_values },
	  "column \"x\": codes have 1, 2 or 4 bytes" },
	{ "a dictionary of another type",
	  { COLUMN("x"), .type = SHMPUB_TEXT, .values = "\0\0", .code_size = 1,
	    .dictionary = &golden_number_values },
	  "column \"x\": there is no dictionary of the field's type" },
	{ "a dictionary with nulls",
	  { COLUMN("x"), .type = SHMPUB_INT64, .values = "\0\0", .code_size = 1,
	    .dictionary = &values_with_null },
	  "column \"x\": the dictionary has nulls" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct golden g = { "refused", 2, 1, { refused[i].column } };
		struct golden_memory bytes = { NULL, NULL, 0 };
		struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
		struct shmpub_error err = { 0 };
		uint64_t size;

		CHECK_INT(refused[i].label, golden_write(&memory, &g, &size, &err),
		          SHMPUB_ERR_INVALID);
		CHECK_STR(refused[i].label, err.message, refused[i].message);
		golden_release(&bytes);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

static void test_too_large(void)
{
	static const uint64_t capacities[] = { UINT64_C(1) << 59, UINT64_MAX / 8, UINT64_MAX };
	struct snapshot_origin origin = golden_origin();
	struct schema schema = SCHEMA_NONE;

	CHECK_INT("schema", fill_schema(&schema), SHMPUB_OK);
	for (size_t i = 0; i < ARRAY_LEN(capacities); i++) {
		struct golden_memory bytes = { NULL, NULL, 0 };
		struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
		struct snapshot_writer *w = NULL;
		struct table_sink *sink;

		CHECK_INT("too many rows",
		          snapshot_writer_new(&w, &sink, &memory, &schema, capacities[i], &origin,
		                              NULL),
		          SHMPUB_ERR_LIMIT);
		CHECK("no writer", w == NULL);
	}
	schema_free(&schema);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* --- out of memory, ours and the segment's ----------------------------------------------------------- */

static void test_no_memory(void)
{
	for (long n = 0;; n++) {
		struct golden_memory bytes = { NULL, NULL, 0 };
		struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
		uint64_t size;
		int r;

		mem_fail_after(n);
		r = golden_write(&memory, &golden_tables[3], &size, NULL);
		mem_fail_after(-1);
		golden_release(&bytes);
		CHECK_INT("nothing left", mem_live(), 0);
		if (r == SHMPUB_OK) {
			CHECK("every request was failed in turn", n > 30);
			return;
		}
		CHECK_INT("memory ran out", r, SHMPUB_ERR_NOMEM);
	}
}

struct stingy {
	struct golden_memory bytes;
	int left;
};

static int stingy_reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct stingy *s = arg;

	if (s->left-- == 0)
		return SHMPUB_ERR_LIMIT;
	return golden_reserve(&s->bytes, addr, size, err);
}

static void test_no_room(void)
{
	for (int n = 0; n < 2; n++) {
		struct stingy s = { .left = n };
		struct snapshot_memory memory = { .reserve = stingy_reserve, .arg = &s };
		uint64_t size;

		CHECK_INT("what the memory's owner says is passed on",
		          golden_write(&memory, &golden_tables[3], &size, NULL), SHMPUB_ERR_LIMIT);
		golden_release(&s.bytes);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

/* The longest record has the room that is reserved for it, and each number is whole. */
static void test_longest_record(void)
{
	const struct record_message message = { UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, 0 };
	struct record_message dictionaries[2] = { message, message };
	struct region regions[2] = {
		{ SIZE_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ 0, 1, 10, 9 },
	};
	const uint64_t n = UINT64_MAX;
	struct record record = { .stamp = { .sequence = n,
		                            .epoch = n,
		                            .published_ns = INT64_MIN,
		                            .source_mtime_ns = -1,
		                            .read_ns = n,
		                            .parse_ns = n,
		                            .source_size = n,
		                            .skipped_rows = n },
		                 .n_rows = n,
		                 .schema_id = n,
		                 .schema = message,
		                 .batch = message,
		                 .dictionaries = dictionaries,
		                 .n_dictionaries = ARRAY_LEN(dictionaries),
		                 .regions = regions,
		                 .n_regions = ARRAY_LEN(regions) };
	static const char end[] = "],\"regions\":[[18446744073709551615,18446744073709551615,"
	                          "18446744073709551615,18446744073709551615],[0,1,10,9]],\"crc\":";
	struct buffer text = BUFFER_NONE;
	struct shmpub_error err;

	CHECK_INT("write", record_write(&text, &record, &err), 0);
	CHECK("has room", text.size <= record_max_size(2, 2));
	CHECK_INT("end with NUL", buffer_append(&text, span_of("", 1), &err), 0);
	CHECK("times before 1970", strstr(text.data, ",\"published_ns\":-9223372036854775808,"
	                                             "\"source_mtime_ns\":-1,") != NULL);
	CHECK("lists", strstr(text.data, end) != NULL);
	buffer_free(&text);
}

int main(void)
{
	test_longest_record();
	golden_fill();
	test_filler();
	test_strides();
	test_same_schema();
	test_refused();
	test_too_large();
	test_no_memory();
	test_no_room();
	return check_report();
}
