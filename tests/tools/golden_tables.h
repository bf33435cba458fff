/*
 * The tables behind tests/golden/: what golden_make writes to files, and what the unit
 * tests of the snapshot write and read in memory. Between them they have every type,
 * with and without nulls, every kind, every form of index, and the sizes where
 * something changes (0, 1, 8, 63 to 65 rows; 128 and 129 categories).
 *
 * Everything is static; golden_table(i) fills the parts that are computed.
 */
#ifndef SHMPUB_TESTS_GOLDEN_TABLES_H
#define SHMPUB_TESTS_GOLDEN_TABLES_H

#include <math.h>
#include "columns/schema.h"
#include "columns/table.h"
#include "snapshot/snapshot.h"

#define GOLDEN_MAX_COLUMNS 24

struct golden {
	const char *name;
	uint64_t n_rows;
	size_t n_columns;
	struct shmpub_column columns[GOLDEN_MAX_COLUMNS];
};

#define NAME(text) .name = (text), .name_size = sizeof(text) - 1
#define COLUMN(text) NAME(text)

/* --- values ------------------------------------------------------------------------------------- */

static const int64_t golden_ints[] = { 0, -1, INT64_MAX, INT64_MIN, 688001 };
static const uint64_t golden_uints[] = { 0, 1, UINT64_MAX, (uint64_t)INT64_MAX + 1, 300001 };
static const double golden_floats[] = { 0.1, -0.0, 1e308, 5e-324, 1.0 / 3 };
static const double golden_odd_floats[] = { INFINITY, -INFINITY, NAN, 2.5, 7 };
static const uint8_t golden_bits[] = { 0x15 }; /* 1 0 1 0 1 */
static const uint8_t golden_some[] = { 0x0d }; /* rows 0, 2, 3 are there */
static const uint8_t golden_none[] = { 0, 0 };
static const int64_t golden_moments[] = { 0, 1790000000, -2208988800, 1, 951782400 };
static const int64_t golden_text_at[] = { 0, 5, 5, 14, 17, 20 };
static const char golden_text[] = "plain"
                                  "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"
                                  "a\"\n"
                                  "x\0y";
static const int64_t golden_huge_at[] = { 0, 20, 22, 43, 44, 44 };
static const char golden_huge[] = "18446744073709551616-5-99999999999999999999"
                                  "0";
static const uint8_t golden_codes[] = { 2, 0, 0, 1, 2 };
static const int64_t golden_city_at[] = { 3, 9, 9, 14 };
static const char golden_city[] = "...Berlin"
                                  "Paris";
static const int64_t golden_numbers[] = { -7, 300, 1 << 20 };
static const double golden_halves[] = { -0.5, 0.5, 1e300 };
static const int64_t golden_days[] = { 0, 86400, 172800 };

static int64_t golden_many[300];
static uint16_t golden_many_codes[300];
static uint8_t golden_128_codes[300];
static int64_t golden_many_at[301];
static char golden_many_text[300 * 4];
static double golden_many_floats[300];
static uint8_t golden_many_bits[40];

static const struct shmpub_column golden_cities = {
	.type = SHMPUB_TEXT, .n_rows = 3, .offsets = golden_city_at, .text = golden_city
};
static const struct shmpub_column golden_number_values = { .type = SHMPUB_INT64,
	                                                   .n_rows = 3,
	                                                   .values = golden_numbers };
static const struct shmpub_column golden_half_values = { .type = SHMPUB_FLOAT64,
	                                                 .n_rows = 3,
	                                                 .values = golden_halves };
static const struct shmpub_column golden_day_values = {
	.type = SHMPUB_TIMESTAMP, .unit = SHMPUB_SECOND, .n_rows = 3, .values = golden_days
};
static const struct shmpub_column golden_bool_values = { .type = SHMPUB_BOOL,
	                                                 .n_rows = 2,
	                                                 .values = golden_bits };
static const struct shmpub_column golden_uint_values = { .type = SHMPUB_UINT64,
	                                                 .n_rows = 3,
	                                                 .values = golden_uints };
static const struct shmpub_column golden_no_values = { .type = SHMPUB_TEXT };
static const struct shmpub_column golden_128_values = { .type = SHMPUB_INT64,
	                                                .n_rows = 128,
	                                                .values = golden_many };
static const struct shmpub_column golden_129_values = { .type = SHMPUB_INT64,
	                                                .n_rows = 129,
	                                                .values = golden_many };

static inline void golden_fill(void)
{
	int64_t at = 0;

	for (int i = 0; i < 300; i++) {
		golden_many[i] = (int64_t)i * i - 100;
		golden_many_codes[i] = (uint16_t)(i % 129);
		golden_128_codes[i] = (uint8_t)(i % 128);
		golden_many_floats[i] = i / 8.0;
		golden_many_at[i] = at;
		for (int k = 0; k < i % 4; k++)
			golden_many_text[at++] = (char)('a' + (i + k) % 26);
		bit_put(golden_many_bits, (uint64_t)i, i % 3 != 0);
	}
	golden_many_at[300] = at;
}

/* --- tables ------------------------------------------------------------------------------------- */

#define INTS .type = SHMPUB_INT64, .values = golden_ints
#define UINTS .type = SHMPUB_UINT64, .values = golden_uints
#define FLOATS .type = SHMPUB_FLOAT64, .values = golden_floats
#define BOOLS .type = SHMPUB_BOOL, .values = golden_bits
#define MOMENTS .type = SHMPUB_TIMESTAMP, .values = golden_moments
#define TEXTS .type = SHMPUB_TEXT, .offsets = golden_text_at, .text = golden_text
#define SOME .validity = golden_some
#define CODES(values_column) .values = golden_codes, .code_size = 1, .dictionary = &(values_column)
#define MANY_INTS .type = SHMPUB_INT64, .values = golden_many
#define MANY_FLOATS .type = SHMPUB_FLOAT64, .values = golden_many_floats
#define MANY_TEXTS .type = SHMPUB_TEXT, .offsets = golden_many_at, .text = golden_many_text

static const struct golden golden_tables[] = {
	{ "nothing", 0, 0, { { 0 } } },
	{ "numbers",
	  5,
	  3,
	  { { COLUMN("i"), INTS }, { COLUMN("u"), UINTS }, { COLUMN("f"), FLOATS } } },
	{ "mixed_order",
	  5,
	  7, /* regions gather what stands apart in the schema */
	  { { COLUMN("f1"), FLOATS },
	    { COLUMN("s"), TEXTS },
	    { COLUMN("i1"), INTS },
	    { COLUMN("f2"), .type = SHMPUB_FLOAT64, .values = golden_odd_floats },
	    { COLUMN("b"), BOOLS },
	    { COLUMN("i2"), INTS },
	    { COLUMN("f3"), FLOATS } } },
	{ "nulls",
	  5,
	  9,
	  { { COLUMN("i"), INTS, SOME },
	    { COLUMN("u"), UINTS, SOME },
	    { COLUMN("f"), .type = SHMPUB_FLOAT64, .values = golden_odd_floats, SOME },
	    { COLUMN("t"), MOMENTS, SOME },
	    { COLUMN("s"), TEXTS, SOME },
	    { COLUMN("b"), BOOLS, SOME, .kind = SHMPUB_KIND_BOOL },
	    { COLUMN("c"), .type = SHMPUB_TEXT, CODES(golden_cities), SOME },
	    { COLUMN("all f"), FLOATS, .validity = golden_none },
	    { COLUMN("all s"), TEXTS, .validity = golden_none } } },
	{ "kinds",
	  5,
	  3,
	  { { COLUMN("huge"), .type = SHMPUB_TEXT, .offsets = golden_huge_at, .text = golden_huge,
	      .kind = SHMPUB_KIND_INT, .validity = (const uint8_t *)"\x0f" },
	    { COLUMN("flag"), BOOLS, .kind = SHMPUB_KIND_BOOL, SOME },
	    { COLUMN("full"), BOOLS, .kind = SHMPUB_KIND_BOOL } } },
	{ "timestamps",
	  5,
	  7,
	  { { COLUMN("s"), MOMENTS, .unit = SHMPUB_SECOND },
	    { COLUMN("ms"), MOMENTS, .unit = SHMPUB_MILLISECOND },
	    { COLUMN("us"), MOMENTS, .unit = SHMPUB_MICROSECOND },
	    { COLUMN("ns"), MOMENTS, .unit = SHMPUB_NANOSECOND },
	    { COLUMN("utc"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "UTC" },
	    { COLUMN("east"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "+02:00" },
	    { COLUMN("utc again"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "UTC",
	      SOME } } },
	{ "categories",
	  5,
	  7,
	  { { COLUMN("city"), .type = SHMPUB_TEXT, CODES(golden_cities) },
	    { COLUMN("number"), .type = SHMPUB_INT64, CODES(golden_number_values) },
	    { COLUMN("half"), .type = SHMPUB_FLOAT64, CODES(golden_half_values), SOME },
	    { COLUMN("day"), .type = SHMPUB_TIMESTAMP, CODES(golden_day_values) },
	    { COLUMN("bool"), .type = SHMPUB_BOOL, .values = "\0\1\1\0\1", .code_size = 1,
	      .dictionary = &golden_bool_values },
	    { COLUMN("uint"), .type = SHMPUB_UINT64, CODES(golden_uint_values) },
	    { COLUMN("none"), .type = SHMPUB_TEXT, CODES(golden_no_values),
	      .validity = golden_none } } },
	{ "categories_128",
	  300,
	  2,
	  { { COLUMN("one byte"), .type = SHMPUB_INT64, .values = golden_128_codes, .code_size = 1,
	      .dictionary = &golden_128_values },
	    { COLUMN("two bytes"), .type = SHMPUB_INT64, .values = golden_many_codes,
	      .code_size = 2, .dictionary = &golden_129_values } } },
	{ "index_named",
	  5,
	  3,
	  { { NAME("time"), MOMENTS, .unit = SHMPUB_NANOSECOND, .index = 1 },
	    { COLUMN("price"), FLOATS },
	    { COLUMN("text"), TEXTS } } },
	{ "index_levels",
	  5,
	  5, /* out of order, one unnamed, one named as a column is */
	  { { NAME("b"), INTS, .index = 3 },
	    { COLUMN("a"), FLOATS },
	    { NAME(""), TEXTS, .index = 1, .is_unnamed = 1 },
	    { COLUMN("b"), INTS },
	    { NAME("c"), .type = SHMPUB_TEXT, CODES(golden_cities), .index = 2 } } },
	{ "integer_labels",
	  5,
	  3,
	  { { COLUMN("0"), INTS, .is_integer_name = 1 },
	    { COLUMN("1"), TEXTS, .is_integer_name = 1 },
	    { COLUMN("2"), FLOATS, SOME, .is_integer_name = 1 } } },
	{ "odd_names",
	  5,
	  4,
	  { { COLUMN(""), INTS },
	    { COLUMN("a \"quoted\"\\name\n"), INTS },
	    { COLUMN("\xE2\x82\xAC uro"), FLOATS },
	    { COLUMN("{\"}"), TEXTS } } },
	{ "no_rows",
	  0,
	  7,
	  { { COLUMN("null"), .type = SHMPUB_NULL },
	    { COLUMN("i"), .type = SHMPUB_INT64 },
	    { COLUMN("b"), .type = SHMPUB_BOOL },
	    { COLUMN("s"), .type = SHMPUB_TEXT },
	    { COLUMN("t"), .type = SHMPUB_TIMESTAMP, .unit = SHMPUB_MICROSECOND },
	    { COLUMN("c"), .type = SHMPUB_TEXT, .code_size = 1, .dictionary = &golden_no_values },
	    { COLUMN("null again"), .type = SHMPUB_NULL } } },
	{ "rows_1",
	  1,
	  3,
	  { { COLUMN("i"), MANY_INTS },
	    { COLUMN("s"), MANY_TEXTS },
	    { COLUMN("b"), .type = SHMPUB_BOOL, .values = golden_many_bits } } },
	{ "zones",
	  5,
	  4,
	  { { COLUMN("india"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "+05:30" },
	    { COLUMN("marquesas"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "-09:30" },
	    { COLUMN("berlin"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "Europe/Berlin" },
	    { COLUMN("lima"), MOMENTS, .unit = SHMPUB_MICROSECOND, .timezone = "-05:00" } } },
	/* The names that pandas makes up for levels are columns' here. */
	{ "index_met",
	  5,
	  5,
	  { { .index = 1, .is_unnamed = 1, .type = SHMPUB_INT64, .values = golden_ints },
	    { COLUMN("__index_level_0__"), .type = SHMPUB_INT64, .values = golden_ints },
	    { NAME("a"), .index = 2, .type = SHMPUB_INT64, .values = golden_ints },
	    { COLUMN("a"), .type = SHMPUB_INT64, .values = golden_ints },
	    { COLUMN("__index_level_2__"), .type = SHMPUB_INT64, .values = golden_ints } } },
	{ "rows_8",
	  8,
	  3,
	  { { COLUMN("f"), MANY_FLOATS },
	    { COLUMN("s"), MANY_TEXTS },
	    { COLUMN("b"), .type = SHMPUB_BOOL, .values = golden_many_bits,
	      .validity = golden_many_bits } } },
	{ "rows_63",
	  63,
	  3,
	  { { COLUMN("i"), MANY_INTS },
	    { COLUMN("s"), MANY_TEXTS, .validity = golden_many_bits },
	    { COLUMN("b"), .type = SHMPUB_BOOL, .values = golden_many_bits } } },
	{ "rows_64",
	  64,
	  3,
	  { { COLUMN("i"), MANY_INTS, .validity = golden_many_bits },
	    { COLUMN("s"), MANY_TEXTS },
	    { COLUMN("b"), .type = SHMPUB_BOOL, .values = golden_many_bits } } },
	{ "rows_65",
	  65,
	  3,
	  { { COLUMN("i"), MANY_INTS },
	    { COLUMN("s"), MANY_TEXTS },
	    { COLUMN("b"), .type = SHMPUB_BOOL, .values = golden_many_bits } } },
};

#define GOLDEN_COUNT (sizeof(golden_tables) / sizeof(golden_tables[0]))

/* --- their schema, stamp and origin --------------------------------------------------------------- */

static const struct snapshot_stamp golden_stamp = {
	.sequence = 7,
	.epoch = UINT64_C(12345678901234567890),
	.published_ns = INT64_C(1790000000123456789),
	.source_mtime_ns = INT64_C(1789999999000000000),
	.read_ns = 10000,
	.parse_ns = 20000,
	.source_size = 523412,
	.skipped_rows = 1,
};

static inline struct snapshot_origin golden_origin(void)
{
	return (struct snapshot_origin){ span_str("quotes"), span_str("/data/quotes.csv") };
}

static inline int golden_schema(struct schema *out, const struct golden *g,
                                struct shmpub_error *err)
{
	int r = schema_init(out, g->n_columns, err);

	for (size_t i = 0; r == SHMPUB_OK && i < g->n_columns; i++) {
		const struct shmpub_column *c = &g->columns[i];
		struct field *f = &out->fields[i];

		f->type = c->type;
		f->unit = c->unit;
		f->kind = c->kind;
		f->index_level = c->index - 1;
		f->is_unnamed = c->is_unnamed != 0;
		f->is_integer_name = c->is_integer_name != 0;
		f->is_dictionary = c->dictionary != NULL;
		r = schema_set_name(out, i, span_of(c->name, c->name_size), err);
		if (r == SHMPUB_OK)
			r = schema_set_timezone(out, i, c->timezone, err);
	}
	if (r)
		schema_free(out);
	return r;
}

static inline int golden_write(const struct snapshot_memory *memory, const struct golden *g,
                               uint64_t *size, struct shmpub_error *err)
{
	struct table table = { g->n_rows, g->n_columns, g->columns };
	struct snapshot_origin origin = golden_origin();
	struct schema schema = SCHEMA_NONE;
	int r = golden_schema(&schema, g, err);

	if (r == SHMPUB_OK)
		r = snapshot_write_table(memory, &schema, &table, &origin, &golden_stamp, size,
		                         err);
	schema_free(&schema);
	return r;
}

/* --- memory for the bytes ------------------------------------------------------------------------- */

/* 64-byte aligned, moves at every request, and is full of rubbish as recycled memory is. */
struct golden_memory {
	char *raw, *addr;
	size_t size;
};

static inline int golden_reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct golden_memory *m = arg;
	char *raw = malloc(size + 64), *at;

	(void)err;
	if (raw == NULL)
		return SHMPUB_ERR_NOMEM;
	at = raw + (64 - (uintptr_t)raw % 64) % 64;
	memset(at, 0xA5, size);
	if (m->size > 0)
		memcpy(at, m->addr, m->size < size ? m->size : size);
	free(m->raw);
	*m = (struct golden_memory){ raw, at, size };
	*addr = at;
	return SHMPUB_OK;
}

static inline void golden_release(struct golden_memory *m)
{
	free(m->raw);
	*m = (struct golden_memory){ NULL, NULL, 0 };
}

#endif
