#include "feed_test.h"
#include "expect.h"

#include <stdio.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "columns/column_type.h"
#include "feed_doubts.h"
#include "fetch.h"
#include "refresh.h"
#include "show/align.h"
#include "show/cell.h"
#include "spread.h"

/*
 * Makes a refresh into heap memory instead of a segment, and then shows the table: its columns by
 * the names that pandas has for their types, its first rows, and what is doubtful.
 */

#define ROWS_MAX 10
#define COLUMNS_MAX 30 /* of the first rows */
#define CELL_MAX 32    /* characters; longer ones are cut */
#define READ_TRIES 50
#define READ_PAUSE_MS 20
#define GIVE_WAY_TRIES 3

struct test {
	struct refresh refresh;
	struct fetch fetch;
	struct source_fetched fetched;
	struct buffer *out;
	struct snapshot_view view;
	void *block;
	char *memory; /* within `block`, at a multiple of 64 as in a segment */
	size_t capacity;
	uint64_t size, parse_ns;
};

/* --- the refresh ------------------------------------------------------------------------------- */

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct test *t = arg;
	void *block;
	char *grown;

	if (size > t->capacity) {
		block = size <= SIZE_MAX - 64 ? mem_alloc(size + 64) : NULL;
		if (block == NULL)
			return error_nomem(err, size);
		grown = (char *)block + (64 - (uintptr_t)block % 64);
		if (t->capacity)
			memcpy(grown, t->memory, t->capacity);
		memset(grown + t->capacity, 0, size - t->capacity);
		mem_free(t->block);
		t->block = block;
		t->memory = grown;
		t->capacity = size;
	}
	*addr = t->memory;
	return SHMPUB_OK;
}

static void try_once(struct test *t)
{
	struct snapshot_memory memory = { .reserve = reserve, .arg = t };
	struct refresh *r = &t->refresh;
	uint64_t start;

	r->waited = r->result == SOURCE_FRESH ? r->mark : SOURCE_MARK_NONE;
	refresh_open(r);
	if (r->result != SHMPUB_OK)
		return;
	start = uv_hrtime();
	refresh_try(r, &memory, &t->size);
	t->parse_ns = uv_hrtime() - start - r->read_ns;
}

/* A file that is being written is tried again, for a second. */
static int make_table(struct test *t, struct shmpub_error *err)
{
	struct refresh *r = &t->refresh;
	int result = SOURCE_BUSY;

	for (int i = 0; i < READ_TRIES && (result == SOURCE_BUSY || result == SOURCE_FRESH); i++) {
		if (i)
			uv_sleep(READ_PAUSE_MS);
		r->insists = i >= GIVE_WAY_TRIES;
		try_once(t);
		result = r->result;
	}
	if (result == SOURCE_BUSY || result == SOURCE_FRESH)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: it is being written to",
		                 r->config->source_name);
	if (result)
		*err = r->error;
	return result;
}

static void was_told(struct fetch *fetch, const char *line)
{
	struct test *t = (struct test *)((char *)fetch - offsetof(struct test, fetch));
	struct shmpub_error safe;

	error_set(&safe, SHMPUB_OK, "%s", line);
	(void)buffer_printf(t->out, NULL, "%s says: %s\n", fetch->config->source_name,
	                    safe.message);
}

/* A source that is no file is fetched first; spools then are where the system puts such files. */
static int fetch(struct test *t, struct shmpub_error *err)
{
	const struct config_feed *config = t->refresh.config;
	int r;

	if (!source_scheme_is_fetched(config->scheme))
		return SHMPUB_OK;
	t->fetch.config = config;
	t->fetch.max_size = config->max_source ? config->max_source : t->refresh.max_bytes;
	t->fetch.told = was_told;
	r = fetch_wait(&t->fetch, err);
	t->fetched = fetch_bytes(&t->fetch);
	t->refresh.fetched = &t->fetched;
	return r;
}

/* What the daemon would refuse to publish; there is no earlier table to compare with. */
static int check_expectations(struct test *t, struct shmpub_error *err)
{
	struct schema none = SCHEMA_NONE, schema = SCHEMA_NONE;
	struct expect_found found = {
		.before = &none,
		.now = &schema,
		.n_rows = t->view.table.n_rows,
		.ends_line = intake_ends_line(&t->refresh.intake),
	};
	struct expect_change change;
	int r = prepare_schema_of(&schema, &t->view.table, err);

	if (!r)
		r = expect_check(&change, t->refresh.config, &found, err);
	if (r == SHMPUB_ERR_INVALID)
		error_put_path(err, t->refresh.config->source_name);
	schema_free(&schema);
	return r;
}

static int look_at_table(struct test *t, struct shmpub_error *err)
{
	int r = snapshot_view_init(&t->view, span_of(t->memory, (size_t)t->size),
	                           SNAPSHOT_CHECK_BOUNDS, err);

	if (r)
		return r;
	r = check_expectations(t, err);
	if (!r)
		r = article_check(t->refresh.config, &t->view.table, err);
	if (r == SHMPUB_ERR_CSV)
		error_prefix(err, 0, "%s: ", t->refresh.config->source_name);
	return r;
}

/* --- columns ------------------------------------------------------------------------------------ */

static uint64_t count_missing(const struct shmpub_column *c)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < c->n_rows; i++)
		n += !column_is_valid(c, i);
	return n;
}

/* Adds the column's type as pandas shows it in .dtypes. */
static void add_dtype(struct align *a, const struct shmpub_column *c, uint64_t n_missing)
{
	const struct column_type *type = column_type(c->type);

	if (c->dictionary != NULL)
		align_str(a, "category");
	else if (c->kind == SHMPUB_KIND_INT || (c->type == SHMPUB_BOOL && n_missing))
		align_str(a, "object");
	else if (!type->has_unit)
		align_str(a, type->name);
	else if (c->timezone == NULL)
		align_printf(a, "%s[%s]", type->name, unit_name(c->unit));
	else
		align_printf(a, "%s[%s, %s%s]", type->name, unit_name(c->unit),
		             c->timezone[0] == '+' || c->timezone[0] == '-' ? "UTC" : "",
		             c->timezone);
}

static int show_columns(struct buffer *out, const struct table *table, struct shmpub_error *err)
{
	struct align a = { .layout = "llll" };
	int r;

	align_str(&a, "column");
	align_str(&a, "dtype");
	align_str(&a, "missing");
	align_str(&a, "index");
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct shmpub_column *c = &table->columns[i];
		uint64_t n_missing = count_missing(c);

		align_cell(&a, c->is_unnamed ? SPAN_NONE : span_of(c->name, c->name_size));
		add_dtype(&a, c, n_missing);
		align_printf(&a, "%llu", (unsigned long long)n_missing);
		if (c->index == 0)
			align_str(&a, "");
		else
			align_printf(&a, "level %d", c->index - 1);
	}
	r = align_print(out, &a, 0, err);
	align_free(&a);
	return r;
}

/* --- the first rows ------------------------------------------------------------------------------ */

static void add_cut(struct align *a, struct span text)
{
	char cut[4 * CELL_MAX + 8];
	size_t size = 0, n = 0;

	while (size < text.size && n < CELL_MAX) {
		size++;
		while (size < text.size && ((unsigned char)text.data[size] & 0xC0) == 0x80)
			size++;
		n++;
	}
	if (size == text.size) {
		align_cell(a, text);
		return;
	}
	snprintf(cut, sizeof(cut), "%.*s\xE2\x80\xA6", (int)size, text.data);
	align_str(a, cut);
}

static void add_value(struct align *a, const struct shmpub_column *c, uint64_t row,
                      const struct cell_form *form)
{
	char room[CELL_SIZE];

	if (!column_is_valid(c, row))
		align_str(a, c->type == SHMPUB_TIMESTAMP && c->dictionary == NULL ? "NaT" : "NaN");
	else
		add_cut(a, cell_text(room, c, row, form));
}

static bool is_right(const struct shmpub_column *c)
{
	return c->dictionary == NULL && column_type(c->type)->is_number;
}

static int show_rows(struct buffer *out, const struct table *table, struct shmpub_error *err)
{
	char layout[COLUMNS_MAX + 1] = "";
	struct cell_form forms[COLUMNS_MAX];
	struct align a = { .layout = layout };
	size_t n = table->n_columns < COLUMNS_MAX ? table->n_columns : COLUMNS_MAX;
	uint64_t n_rows = table->n_rows < ROWS_MAX ? table->n_rows : ROWS_MAX;
	int r;

	for (size_t i = 0; i < n; i++) {
		layout[i] = is_right(&table->columns[i]) ? 'r' : 'l';
		forms[i] = cell_form_of(&table->columns[i], ' ');
	}
	for (size_t i = 0; i < n; i++)
		add_cut(&a, table->columns[i].is_unnamed
		                    ? SPAN_NONE
		                    : span_of(table->columns[i].name, table->columns[i].name_size));
	for (uint64_t row = 0; row < n_rows; row++) {
		for (size_t i = 0; i < n; i++)
			add_value(&a, &table->columns[i], row, &forms[i]);
	}
	r = align_print(out, &a, 0, err);
	align_free(&a);
	if (!r && n_rows < table->n_rows)
		r = buffer_printf(out, err, "and %llu more rows\n",
		                  (unsigned long long)(table->n_rows - n_rows));
	if (!r && n < table->n_columns)
		r = buffer_printf(out, err, "and %zu more columns\n", table->n_columns - n);
	return r;
}

/* --- all of it ------------------------------------------------------------------------------------ */

static int show_sizes(struct buffer *out, const struct test *t, struct shmpub_error *err)
{
	const struct config_feed *f = t->refresh.config;
	const struct intake *in = &t->refresh.intake;
	const struct table *table = &t->view.table;
	int r = buffer_printf(out, err, "%s: %s, %llu bytes", f->name, f->source_name,
	                      (unsigned long long)in->n_hashed);

	if (!r && t->refresh.n_files > 0)
		r = buffer_printf(out, err, " of %zu file%s", t->refresh.n_files,
		                  t->refresh.n_files == 1 ? "" : "s");
	if (!r && in->is_compressed)
		r = buffer_printf(out, err, " of %s, %llu of text", in->expansion.format->name,
		                  (unsigned long long)in->text_at);
	if (r)
		return r;
	return buffer_printf(out, err,
	                     "\n%llu rows, %zu columns; read in %.2f ms, parsed in %.2f ms\n\n",
	                     (unsigned long long)table->n_rows, table->n_columns,
	                     (double)t->refresh.read_ns / 1e6, (double)t->parse_ns / 1e6);
}

static int show(struct buffer *out, const struct test *t, struct shmpub_error *err)
{
	const struct config_feed *f = t->refresh.config;
	const struct table *table = &t->view.table;
	int r = show_sizes(out, t, err);

	if (!r && table->n_columns)
		r = show_columns(out, table, err);
	if (!r && table->n_rows && table->n_columns)
		r = buffer_append(out, span_str("\n"), err);
	if (!r && table->n_rows && table->n_columns)
		r = show_rows(out, table, err);
	return r ? r : feed_doubts(out, f, &t->view, err);
}

static int test_feed(struct buffer *out, struct config_feed *config, uint64_t max_bytes,
                     struct shmpub_error *err)
{
	struct spread spread;
	struct runner runner = spread_runner(&spread, uv_available_parallelism());
	struct test t = { .out = out, .view = SNAPSHOT_VIEW_NONE, .fetch = FETCH_NONE };
	int r;

	t.refresh = (struct refresh){
		.config = config,
		.runner = &runner,
		.seen = SOURCE_MARK_NONE,
		.is_forced = true,
		.max_bytes = max_bytes ? max_bytes : UINT64_MAX - 1,
		.source = SOURCE_NONE,
		.schema = SCHEMA_NONE,
		.article = ARTICLE_DRAFT_NONE,
	};
	r = fetch(&t, err);
	if (!r)
		r = make_table(&t, err);
	if (!r)
		r = look_at_table(&t, err);
	if (!r)
		r = show(out, &t, err);
	snapshot_view_free(&t.view);
	mem_free(t.block);
	refresh_clear(&t.refresh);
	fetch_clear(&t.fetch);
	return r;
}

static int no_feed(const struct config *c, const char *path, const char *name,
                   struct shmpub_error *err)
{
	struct nearest n = nearest_to(span_str(name));

	for (size_t i = 0; i < c->n_feeds; i++)
		nearest_offer(&n, c->feeds[i]->name);
	return error_set(err, SHMPUB_ERR_INVALID, "%s: no feed '%s'%s%s%s", path, name,
	                 n.name ? ", did you mean '" : "", n.name ? n.name : "",
	                 n.name ? "'?" : "");
}

int feed_test(struct buffer *out, const char *path, const char *name,
              struct config_problems *problems, struct shmpub_error *err)
{
	struct config_feed *feed;
	struct config *c;
	int r = config_load(&c, path, problems, err);

	if (r)
		return r;
	feed = config_find(c, span_str(name));
	r = feed != NULL ? test_feed(out, feed, c->daemon.max_bytes, err)
	                 : no_feed(c, path, name, err);
	config_free(c);
	return r;
}
