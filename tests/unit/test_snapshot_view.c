#include "unit/check.h"

#include "base/alloc.h"
#include "platform/platform.h"
#include "snapshot/arrow_format.h"
#include "tools/golden_tables.h"
#include "tools/reseal.h"
#include "tools/table_equal.h"

/* A snapshot's bytes in a block of exactly their size (and some room, when asked for). */
struct copy {
	char *bytes;
	size_t size;
};

static struct copy copy_of(const char *bytes, size_t size, size_t room)
{
	void *p = block_new(64, size + room);

	memcpy(p, bytes, size);
	return (struct copy){ p, size };
}

static struct copy write_golden(const struct golden *g)
{
	struct golden_memory bytes = { NULL, NULL, 0 };
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
	struct shmpub_error err = { 0 };
	uint64_t size = 0;
	struct copy c;

	CHECK_INT(g->name, golden_write(&memory, g, &size, &err), SHMPUB_OK);
	CHECK_STR(g->name, err.message, "");
	c = copy_of(bytes.addr, size, 0);
	golden_release(&bytes);
	return c;
}

static bool stamp_equal(const struct snapshot_stamp *a, const struct snapshot_stamp *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* What a reader got is what was published. */
static bool view_is(const struct snapshot_view *v, const struct golden *g)
{
	struct table want = { g->n_rows, g->n_columns, g->columns };

	return table_equal(&v->table, &want) && stamp_equal(&v->stamp, &golden_stamp) &&
	       span_is(v->origin.feed, "quotes") && span_is(v->origin.source, "/data/quotes.csv");
}

static void test_round_trip(void)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &golden_tables[i];
		struct copy c = write_golden(g);
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		struct shmpub_error err = { 0 };

		for (int check = SNAPSHOT_CHECK_BOUNDS; check <= SNAPSHOT_CHECK_FULL; check++) {
			CHECK_INT(g->name,
			          snapshot_view_init(&v, span_of(c.bytes, c.size),
			                             (enum snapshot_check)check, &err),
			          SHMPUB_OK);
			CHECK_STR(g->name, err.message, "");
			CHECK(g->name, view_is(&v, g));
			snapshot_view_free(&v);
			snapshot_view_free(&v);
		}
		block_free(c.bytes);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

/* Attach, and if that goes well look at all that a reader would; true: an error, or the same table. */
static bool error_or_same(struct span bytes, const struct golden *g)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	int r = snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_BOUNDS, NULL);
	bool ok = r == SHMPUB_ERR_FORMAT || (r == SHMPUB_OK && view_is(&v, g));

	snapshot_view_free(&v);
	return ok;
}

/* Any answer will do, but nothing outside may be touched. */
static void survive(struct span bytes)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;

	if (snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_FULL, NULL) == SHMPUB_OK &&
	    v.table.n_rows < 1000)
		CHECK("walked", table_sum(&v.table) < UINT64_MAX);
	snapshot_view_free(&v);
}

/* Bytes of buffers, which damage may change unseen unless the check is full. */
static bool is_content(const struct record *r, size_t at, size_t first_dictionary, size_t end)
{
	if (at >= r->batch.offset + r->batch.size && at < first_dictionary)
		return true;
	for (size_t i = 0; i < r->n_dictionaries; i++) {
		size_t next = i + 1 < r->n_dictionaries ? r->dictionaries[i + 1].offset : end;

		if (at >= r->dictionaries[i].offset + r->dictionaries[i].size && at < next)
			return true;
	}
	return false;
}

static void test_flipped(void)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };

	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &golden_tables[i];
		struct copy c = write_golden(g);
		struct span file = span_of(c.bytes, c.size);
		struct record record;
		uint32_t footer_size;
		size_t end, first;

		CHECK_INT(g->name, record_read(&record, record_find(file, c.size - 10), NULL),
		          SHMPUB_OK);
		memcpy(&footer_size, c.bytes + c.size - 10, 4);
		end = c.size - 10 - footer_size - 8;
		first = record.n_dictionaries > 0 ? record.dictionaries[0].offset : end;
		for (size_t at = 0; at < c.size; at++) {
			for (size_t k = 0; k < sizeof(masks); k++) {
				c.bytes[at] = (char)(c.bytes[at] ^ (char)masks[k]);
				if (!is_content(&record, at, first, end))
					CHECK(g->name, error_or_same(file, g));
				if (masks[k] == 0xff)
					survive(file);
				c.bytes[at] = (char)(c.bytes[at] ^ (char)masks[k]);
			}
		}
		CHECK("put back", error_or_same(file, g));
		record_free(&record);
		block_free(c.bytes);
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

static void test_truncated(void)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &golden_tables[i];
		struct copy c = write_golden(g);

		for (size_t size = 0; size < c.size;
		     size += size < 256 || size > c.size - 64 ? 1 : 13) {
			struct copy part = copy_of(c.bytes, size, 0);
			struct snapshot_view v = SNAPSHOT_VIEW_NONE;

			CHECK_INT(g->name,
			          snapshot_view_init(&v, span_of(part.bytes, part.size),
			                             SNAPSHOT_CHECK_BOUNDS, NULL),
			          SHMPUB_ERR_FORMAT);
			block_free(part.bytes);
		}
		block_free(c.bytes);
	}
}

/* The same damage by somebody who makes the CRCs hold: never outside, whatever it says. */
static void test_hostile(void)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t n_resealed = 0, n_accepted = 0;

	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct copy c = write_golden(&golden_tables[i]);

		for (size_t at = 8; at < c.size - 10; at++) {
			struct copy m = copy_of(c.bytes, c.size, RESEAL_ROOM);
			struct copy exact;
			struct snapshot_view v = SNAPSHOT_VIEW_NONE;

			m.bytes[at] = (char)values[at % sizeof(values)];
			n_resealed += reseal(m.bytes, &m.size);
			exact = copy_of(m.bytes, m.size, 0);
			n_accepted += snapshot_view_init(&v, span_of(exact.bytes, exact.size),
			                                 SNAPSHOT_CHECK_BOUNDS, NULL) == SHMPUB_OK;
			snapshot_view_free(&v);
			survive(span_of(exact.bytes, exact.size));
			block_free(exact.bytes);
			block_free(m.bytes);
		}
		block_free(c.bytes);
	}
	CHECK("most could be resealed", n_resealed > 10000);
	CHECK("some were accepted, so damage got behind the CRCs", n_accepted > 1000);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* --- contents: what only the full check sees ------------------------------------------------------ */

struct spoil {
	const char *label;
	const char *table;
	size_t column;
	void (*change)(struct shmpub_column *c);
	const char *message;
};

#define BYTES(c) ((char *)(uintptr_t)(c)->values)

static void nothing(struct shmpub_column *c)
{
	(void)c;
}
static void fall(struct shmpub_column *c)
{
	((int64_t *)(uintptr_t)c->offsets)[2] = 1;
}
static void far_offset(struct shmpub_column *c)
{
	((int64_t *)(uintptr_t)c->offsets)[2] = INT64_MAX;
}
static void latin1(struct shmpub_column *c)
{
	((char *)(uintptr_t)c->text)[0] = (char)0xe9;
}
static void cut_character(struct shmpub_column *c)
{
	((int64_t *)(uintptr_t)c->offsets)[2] = 6;
}
static void large_code(struct shmpub_column *c)
{
	BYTES(c)[0] = 3;
}
static void negative_code(struct shmpub_column *c)
{
	BYTES(c)[0] = -1;
}
static void code_under_null(struct shmpub_column *c)
{
	BYTES(c)[1] = 1;
}
static void value_under_null(struct shmpub_column *c)
{
	memset(BYTES(c) + 8, 0x11, 8);
}
static void bit_under_null(struct shmpub_column *c)
{
	BYTES(c)[0] |= 2;
}
static void more_nulls(struct shmpub_column *c)
{
	((uint8_t *)(uintptr_t)c->validity)[0] = 0;
}
static void validity_goes_on(struct shmpub_column *c)
{
	((uint8_t *)(uintptr_t)c->validity)[0] |= 0x80;
}
static void bits_go_on(struct shmpub_column *c)
{
	BYTES(c)[0] |= 0x20;
}

static const struct spoil spoils[] = {
	{ "untouched", "nulls", 0, nothing, "" },
	{ "an offset falls", "mixed_order", 1, fall, "column \"s\", row 1: the offset falls" },
	{ "an offset far outside", "mixed_order", 1, far_offset,
	  "column \"s\", row 1: the offset falls" },
	{ "not UTF-8", "mixed_order", 1, latin1, "column \"s\", row 0: text is not UTF-8" },
	{ "a character cut in two", "mixed_order", 1, cut_character,
	  "column \"s\", row 1: text is not UTF-8" },
	{ "a code above", "categories", 0, large_code,
	  "column \"city\", row 0: the code is outside the dictionary" },
	{ "a code below", "categories", 0, negative_code,
	  "column \"city\", row 0: the code is outside the dictionary" },
	{ "a code under a null", "nulls", 6, code_under_null,
	  "column \"c\", row 1: there is a code under a null" },
	{ "an int under a null", "nulls", 0, value_under_null,
	  "column \"i\", row 1: there is a value under a null" },
	{ "a float under a null", "nulls", 2, value_under_null,
	  "column \"f\", row 1: there is a value under a null" },
	{ "a time under a null", "nulls", 3, value_under_null,
	  "column \"t\", row 1: there is a value under a null" },
	{ "true under a null", "nulls", 5, bit_under_null,
	  "column \"b\", row 1: there is a value under a null" },
	{ "another number of nulls", "nulls", 0, more_nulls,
	  "column \"i\", row 5: the bitmap has another number of nulls" },
	{ "a bitmap too long", "nulls", 0, validity_goes_on,
	  "column \"i\", row 5: the bitmap goes on after the last row" },
	{ "bits too long", "mixed_order", 4, bits_go_on,
	  "column \"b\", row 5: bits go on after the last row" },
};

static const struct golden *named(const char *name)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		if (strcmp(golden_tables[i].name, name) == 0)
			return &golden_tables[i];
	}
	return NULL;
}

static void test_contents(void)
{
	for (size_t i = 0; i < ARRAY_LEN(spoils); i++) {
		struct copy c = write_golden(named(spoils[i].table));
		struct span file = span_of(c.bytes, c.size);
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		struct shmpub_error err = { 0 };

		CHECK_INT(spoils[i].label,
		          snapshot_view_init(&v, file, SNAPSHOT_CHECK_BOUNDS, NULL), SHMPUB_OK);
		spoils[i].change(&v.columns[spoils[i].column]);
		snapshot_view_free(&v);
		snapshot_view_init(&v, file, SNAPSHOT_CHECK_FULL, &err);
		CHECK_STR(spoils[i].label, err.message, spoils[i].message);
		snapshot_view_free(&v);
		CHECK_INT(spoils[i].label,
		          snapshot_view_init(&v, file, SNAPSHOT_CHECK_BOUNDS, NULL), SHMPUB_OK);
		snapshot_view_free(&v);
		block_free(c.bytes);
	}
}

/* Footer and regions: ours do not use the first, so only the full check minds. */
static void test_repeated(void)
{
	struct copy c = write_golden(named("numbers"));
	struct span file = span_of(c.bytes, c.size);
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct shmpub_error err = { 0 };
	struct record record;
	size_t size = c.size;
	struct copy m = copy_of(c.bytes, c.size, RESEAL_ROOM);
	struct buffer text = BUFFER_NONE;

	c.bytes[c.size - 10] ^= 8;
	CHECK_INT("footer size, bounds", snapshot_view_init(&v, file, SNAPSHOT_CHECK_BOUNDS, NULL),
	          SHMPUB_OK);
	snapshot_view_free(&v);
	CHECK_INT("footer size, full", snapshot_view_init(&v, file, SNAPSHOT_CHECK_FULL, &err),
	          SHMPUB_ERR_FORMAT);
	record_read(&record, record_find(span_of(m.bytes, m.size), m.size - 10), NULL);
	record.regions[0].offset += 64;
	record_write(&text, &record, NULL);
	size = reseal_splice(
	        m.bytes, m.size,
	        (size_t)(record_find(span_of(m.bytes, m.size), m.size - 10).data - m.bytes),
	        buffer_span(&text));
	CHECK_INT("regions, full",
	          snapshot_view_init(&v, span_of(m.bytes, size), SNAPSHOT_CHECK_FULL, &err),
	          SHMPUB_ERR_FORMAT);
	CHECK_STR("regions, full", err.message, "region 0 is not what the batch says");
	buffer_free(&text);
	record_free(&record);
	block_free(c.bytes);
	block_free(m.bytes);
}

static void test_no_memory(void)
{
	struct copy c = write_golden(named("nulls"));

	for (long n = 0;; n++) {
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		int r;

		mem_fail_after(n);
		r = snapshot_view_init(&v, span_of(c.bytes, c.size), SNAPSHOT_CHECK_FULL, NULL);
		mem_fail_after(-1);
		if (r == SHMPUB_OK) {
			CHECK("every request was failed in turn", n >= 4);
			snapshot_view_free(&v);
			break;
		}
		CHECK_INT("memory ran out", r, SHMPUB_ERR_NOMEM);
		CHECK_INT("nothing left", mem_live(), 0);
	}
	CHECK_INT("nothing left at the end", mem_live(), 0);
	block_free(c.bytes);
}

int main(void)
{
	golden_fill();
	test_round_trip();
	test_flipped();
	test_truncated();
	test_hostile();
	test_contents();
	test_repeated();
	test_no_memory();
	return check_report();
}
