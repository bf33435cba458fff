#include "unit/check.h"

#include "base/alloc.h"
#include "base/crc32.h"
#include "snapshot/growth.h"
#include "snapshot/record.h"
#include "tools/golden_tables.h"
#include "tools/table_equal.h"

/*
 * A snapshot that grows: tables grow by every size; each state is whole by the full check; and what a
 * reader has of an earlier state stays as it was. tests/golden's tables have every type.
 */

#define TAIL 10u /* bytes of the file from the word on */

struct growing {
	struct golden_memory bytes;
	struct snapshot_writer *writer;
	uint64_t size;
};

static int begin(struct growing *out, const struct golden *g, uint64_t n_rows, uint64_t capacity,
                 struct snapshot_growth growth)
{
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &out->bytes };
	struct table table = { n_rows, g->n_columns, g->columns };
	struct snapshot_origin origin = golden_origin();
	struct schema schema = SCHEMA_NONE;
	int r = golden_schema(&schema, g, NULL);

	if (r == SHMPUB_OK)
		r = snapshot_write_growing(&out->writer, &memory, &schema, &table, capacity,
		                           &growth, &origin, &golden_stamp, &out->size, NULL);
	schema_free(&schema);
	return r;
}

static void end(struct growing *s)
{
	snapshot_writer_free(s->writer);
	golden_release(&s->bytes);
}

static int append(struct growing *s, const struct golden *g, uint64_t from, uint64_t to)
{
	struct table more = { to, g->n_columns, g->columns };
	struct snapshot_stamp stamp = golden_stamp;

	stamp.sequence += to;
	return snapshot_writer_append(s->writer, &more, from, &stamp, NULL);
}

static int view(struct snapshot_view *out, const struct growing *s, enum snapshot_check check,
                struct shmpub_error *err)
{
	return snapshot_view_init(out, span_of(s->bytes.addr, s->size), check, err);
}

static bool shows(const struct growing *s, const struct golden *g, uint64_t n_rows)
{
	struct table want = { n_rows, g->n_columns, g->columns };
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct shmpub_error err = { 0 };
	bool is_right = view(&v, s, SNAPSHOT_CHECK_FULL, &err) == SHMPUB_OK && v.is_growing &&
	                v.table.n_rows == n_rows;

	if (is_right)
		is_right = table_equal(&v.table, &want);
	if (!is_right)
		fprintf(stderr, "%s, %llu rows: %s\n", g->name, (unsigned long long)n_rows,
		        err.message);
	snapshot_view_free(&v);
	return is_right;
}

/* --- growing -------------------------------------------------------------------------------------- */

static bool grows_by(const struct golden *g, uint64_t first, uint64_t step)
{
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
	struct snapshot_view held = SNAPSHOT_VIEW_NONE;
	struct table want = { first, g->n_columns, g->columns };
	bool is_right = begin(&s, g, first, g->n_rows + 3,
	                      (struct snapshot_growth){ 400, { 400, 600, 0 } }) == SHMPUB_OK &&
	                shows(&s, g, first);

	is_right = is_right && view(&held, &s, SNAPSHOT_CHECK_FULL, NULL) == SHMPUB_OK;
	for (uint64_t at = first; is_right && at < g->n_rows; at += step) {
		uint64_t to = at + step < g->n_rows ? at + step : g->n_rows;

		is_right = append(&s, g, at, to) == SHMPUB_OK && shows(&s, g, at);
		snapshot_writer_show(s.writer);
		is_right = is_right && shows(&s, g, to) && table_equal(&held.table, &want);
	}
	snapshot_view_free(&held);
	end(&s);
	return is_right;
}

static void test_every_table(void)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		const struct golden *g = &golden_tables[i];
		uint64_t most = g->n_rows < 70 ? g->n_rows : 9;

		for (uint64_t step = 1; step <= most; step++)
			CHECK(g->name, grows_by(g, 0, step) && grows_by(g, 1, step));
		for (uint64_t first = 0; first <= most; first++)
			CHECK(g->name, grows_by(g, first, g->n_rows));
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

static const struct golden *table_named(const char *name)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		if (strcmp(golden_tables[i].name, name) == 0)
			return &golden_tables[i];
	}
	abort();
}

/* Rows that were written and not shown may be written again, other ones too. */
static void test_unseen(void)
{
	const struct golden *g = table_named("nulls");
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };

	CHECK_INT("begun", begin(&s, g, 1, 9, (struct snapshot_growth){ 9, { 9, 64, 0 } }), SHMPUB_OK);
	CHECK_INT("rows that come later", append(&s, g, 3, 5), SHMPUB_OK);
	CHECK("not seen", shows(&s, g, 1));
	CHECK_INT("the right rows", append(&s, g, 1, 4), SHMPUB_OK);
	snapshot_writer_show(s.writer);
	snapshot_writer_show(s.writer);
	CHECK("seen", shows(&s, g, 4));
	CHECK_INT("counted", snapshot_writer_rows(s.writer), 4);
	CHECK_INT("no rows", append(&s, g, 4, 4), SHMPUB_OK);
	snapshot_writer_show(s.writer);
	CHECK("a state all the same", shows(&s, g, 4));
	CHECK_INT("rows from behind the end", append(&s, g, 6, 5), SHMPUB_ERR_INVALID);
	end(&s);
}

/* --- what does not fit ------------------------------------------------------------------------------ */

static void test_full(void)
{
	const struct golden *g = table_named("rows_65");
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
	uint64_t n = 0;

	CHECK_INT("rows: begun", begin(&s, g, 60, 64, (struct snapshot_growth){ 9, { 9, 64, 0 } }),
	          SHMPUB_OK);
	CHECK_INT("more than the capacity", append(&s, g, 60, 65), SNAPSHOT_FULL);
	CHECK("as it was", shows(&s, g, 60));
	CHECK_INT("all of it", append(&s, g, 60, 64), SHMPUB_OK);
	end(&s);
	CHECK_INT("text: begun", begin(&s, g, 8, 65, (struct snapshot_growth){ 9, { 2, 0, 0 } }),
	          SHMPUB_OK);
	CHECK_INT("more than twice the text", append(&s, g, 8, 65), SNAPSHOT_FULL);
	CHECK_INT("less", append(&s, g, 8, 12), SHMPUB_OK);
	end(&s);
	CHECK_INT("states: begun", begin(&s, g, 1, 65, (struct snapshot_growth){ 3, { 99, 64, 0 } }),
	          SHMPUB_OK);
	while (append(&s, g, n, n) == SHMPUB_OK && n++ < 100)
		snapshot_writer_show(s.writer);
	CHECK_INT("as many as were asked for", n, 3);
	CHECK("as it was", shows(&s, g, 1));
	end(&s);
}

static void test_other_columns(void)
{
	struct golden other = *table_named("nulls");
	const struct golden *g = table_named("nulls");
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
	struct shmpub_column more_cities = golden_cities;

	CHECK_INT("begun", begin(&s, g, 3, 9, (struct snapshot_growth){ 9, { 9, 64, 0 } }), SHMPUB_OK);
	other.n_columns--;
	CHECK_INT("a column less", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	other.columns[0].type = SHMPUB_FLOAT64;
	CHECK_INT("another type", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	other.columns[3].unit = SHMPUB_NANOSECOND;
	CHECK_INT("another unit", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	other.columns[3].timezone = "UTC";
	CHECK_INT("another zone", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	other.columns[5].kind = 0;
	CHECK_INT("another kind", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	other.columns[0].name = "k";
	CHECK_INT("another name", append(&s, &other, 3, 4), SNAPSHOT_DIFFERS);
	other = *g;
	more_cities.text = "...Bergen"
	                   "Paris";
	other.columns[6].dictionary = &more_cities;
	CHECK_INT("another category", append(&s, &other, 2, 4), SHMPUB_OK + SNAPSHOT_DIFFERS);
	CHECK("as it was", shows(&s, g, 3));
	CHECK_INT("these are right", append(&s, g, 3, 5), SHMPUB_OK);
	snapshot_writer_show(s.writer);
	CHECK("and seen", shows(&s, g, 5));
	end(&s);
}

/* --- hostile bytes ---------------------------------------------------------------------------------- */

static uint32_t word_of(const struct growing *s)
{
	uint32_t v;

	memcpy(&v, s->bytes.addr + s->size - TAIL, sizeof(v));
	return v;
}

/* Whatever the word is, a reader finds a whole state or says that there is none. */
static void test_every_word(void)
{
	const struct golden *g = table_named("nulls");
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
	uint32_t words[4], n_found = 0, v;
	struct snapshot_view seen;

	CHECK_INT("begun", begin(&s, g, 1, 9, (struct snapshot_growth){ 9, { 9, 64, 0 } }), SHMPUB_OK);
	for (uint64_t n = 1; n < 5; n++) {
		words[n - 1] = word_of(&s);
		CHECK_INT("grown", append(&s, g, n, n + 1), SHMPUB_OK);
		snapshot_writer_show(s.writer);
	}
	for (uint32_t word = 0; word < s.size + 64; word++) {
		memcpy(s.bytes.addr + s.size - TAIL, &word, sizeof(word));
		seen = SNAPSHOT_VIEW_NONE;
		if (view(&seen, &s, SNAPSHOT_CHECK_FULL, NULL) != SHMPUB_OK)
			continue;
		n_found++;
		CHECK("rows of a state", seen.table.n_rows >= 1 && seen.table.n_rows <= 5);
		(void)table_sum(&seen.table);
		snapshot_view_free(&seen);
	}
	CHECK_INT("the states, and nothing else", n_found, 5);
	for (uint64_t n = 1; n < 5; n++) {
		memcpy(s.bytes.addr + s.size - TAIL, &words[n - 1], sizeof(v));
		CHECK("an older state is as it was", shows(&s, g, n));
	}
	end(&s);
}

/* Each byte of what describes a state, damaged: an error, or the same table. */
static void test_damage(void)
{
	const struct golden *g = table_named("mixed_order");
	struct table want = { 5, g->n_columns, g->columns };
	struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
	struct growth_footer footer;
	struct growth_tail tail;
	uint64_t n_refused = 0;

	CHECK_INT("begun", begin(&s, g, 2, 9, (struct snapshot_growth){ 2, { 9, 64, 0 } }), SHMPUB_OK);
	CHECK_INT("grown", append(&s, g, 2, 5), SHMPUB_OK);
	snapshot_writer_show(s.writer);
	CHECK_INT("read", growth_read(&tail, &footer, span_of(s.bytes.addr, s.size), NULL), 0);
	for (uint64_t at = 0; at < s.size; at++) {
		char *byte = s.bytes.addr + at, was = *byte;
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;

		if (at >= tail.body_at && at < tail.footers_at)
			continue;
		*byte = (char)(was ^ 0x41);
		if (view(&v, &s, SNAPSHOT_CHECK_FULL, NULL) != SHMPUB_OK)
			n_refused++;
		else
			CHECK("the same table",
			      v.table.n_rows == 2 || table_equal(&v.table, &want));
		snapshot_view_free(&v);
		*byte = was;
	}
	CHECK("most of them are refused", n_refused > 1000);
	CHECK("and it is well again", shows(&s, g, 5));
	end(&s);
}

/* A tail that is right by its CRC, and wrong in what it says. */
static void test_bad_tails(void)
{
	const struct golden *g = table_named("numbers");
	static const struct {
		const char *label;
		size_t at;
		uint64_t value;
	} tails[] = {
		{ "another version", 0, 2 },
		{ "an unknown feature", 4, 1 },
		{ "the body elsewhere", 24, 64 },
		{ "the body at no multiple of 64", 24, 8 },
		{ "the body outside", 24, UINT64_MAX },
		{ "footers in front", 32, 0 },
		{ "footers behind", 32, UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
		struct snapshot_view v = SNAPSHOT_VIEW_NONE;
		uint32_t crc;
		char *tail;

		CHECK_INT("begun", begin(&s, g, 2, 9, (struct snapshot_growth){ 2, { 9, 64, 0 } }),
		          SHMPUB_OK);
		tail = s.bytes.addr + s.size - TAIL - GROWTH_TAIL_SIZE;
		memcpy(tail + tails[i].at, &tails[i].value, tails[i].at < 16 ? 4 : 8);
		crc = crc32(tail, 48);
		memcpy(tail + 48, &crc, sizeof(crc));
		CHECK_INT(tails[i].label, view(&v, &s, SNAPSHOT_CHECK_BOUNDS, NULL),
		          SHMPUB_ERR_FORMAT);
		snapshot_view_free(&v);
		end(&s);
	}
}

/* --- memory ----------------------------------------------------------------------------------------- */

static void test_no_memory(void)
{
	const struct golden *g = table_named("nulls");

	for (long n = 0; n < 1000; n++) {
		struct growing s = { { NULL, NULL, 0 }, NULL, 0 };
		int r;

		mem_fail_after(n);
		r = begin(&s, g, 2, 9, (struct snapshot_growth){ 2, { 9, 64, 0 } });
		if (r == SHMPUB_OK)
			r = append(&s, g, 2, 5);
		mem_fail_after(-1);
		if (s.writer != NULL)
			CHECK("as it was", shows(&s, g, 2));
		end(&s);
		CHECK("no other failure", r == SHMPUB_OK || r == SHMPUB_ERR_NOMEM);
		if (r == SHMPUB_OK)
			break;
	}
	CHECK_INT("nothing left", mem_live(), 0);
}

int main(void)
{
	golden_fill();
	test_every_table();
	test_unseen();
	test_full();
	test_other_columns();
	test_every_word();
	test_damage();
	test_bad_tails();
	test_no_memory();
	return check_report();
}
