#include "refresh.h"

#include <stdio.h>
#include "base/error.h"
#include "csv/dtype.h"
#include "expect.h"
#include "heap_block.h"
#include "part_head.h"

/*
 * frozen_schema tells the line that changed a column's type. The engine knows that line only where a
 * column has to be of a type: so the source is read again with the old type asked for, up to the
 * cell that is of another one. That pass costs memory for one table, and comes once for each source
 * that fails so.
 */

static bool set_line(struct csv_options *o, struct span line)
{
	const char *equals = memchr(line.data, '=', line.size);
	struct span name, value;

	if (equals == NULL)
		return true;
	name = span_of(line.data, (size_t)(equals - line.data));
	value = span_of(equals + 1, line.size - name.size - 1);
	return !csv_options_has(name) || csv_options_set(o, name, value, NULL) == SHMPUB_OK;
}

/* The feed's options again, as its configuration gives them. */
static bool set_all(struct csv_options *o, struct span text)
{
	bool ok = true;

	while (ok && text.size > 0) {
		const char *end = memchr(text.data, '\n', text.size);
		size_t n = end != NULL ? (size_t)(end - text.data) : text.size;

		ok = set_line(o, span_of(text.data, n));
		n += end != NULL;
		text = span_of(text.data + n, text.size - n);
	}
	return ok;
}

/* The dtype that asks for a column's type; CSV_DTYPE_AUTO: none does. */
static enum csv_dtype dtype_of(const struct field *f)
{
	static const enum csv_dtype dtypes[] = {
		[SHMPUB_INT64] = CSV_DTYPE_INT64,
		[SHMPUB_FLOAT64] = CSV_DTYPE_FLOAT64,
		[SHMPUB_BOOL] = CSV_DTYPE_BOOL,
		[SHMPUB_TIMESTAMP] = CSV_DTYPE_TIMESTAMP,
	};

	if (f->is_dictionary || f->kind == SHMPUB_KIND_INT || f->type >= ARRAY_LEN(dtypes))
		return CSV_DTYPE_AUTO;
	return dtypes[f->type];
}

static bool ask_for_type(struct csv_options *o, const struct field *f)
{
	enum csv_dtype dtype = dtype_of(f);
	char key[256];
	int n = snprintf(key, sizeof(key), "dtype.%.*s", (int)f->name.size, f->name.data);

	return dtype != CSV_DTYPE_AUTO && n > 0 && (size_t)n < sizeof(key) &&
	       csv_options_set(o, span_of(key, (size_t)n), span_str(csv_dtype_name(dtype)), NULL) ==
	               SHMPUB_OK;
}

/* 0: not known. */
static uint64_t find_line(struct refresh *r, const struct field *before)
{
	struct heap_block block = HEAP_BLOCK_NONE;
	struct snapshot_memory memory = { .reserve = heap_block_reserve, .arg = &block };
	struct prepare_source source = refresh_source(r);
	struct shmpub_error why = { .line = 0 };
	struct csv_options *o, text;
	uint64_t size, line = 0;

	if (csv_options_new(&o, NULL) != SHMPUB_OK)
		return 0;
	r->intake.known_hash = 0; /* these bytes were read already */
	if (set_all(o, buffer_span(&r->config->text)) && ask_for_type(o, before)) {
		text = r->source.parts != NULL ? heads_options(o) : *o;
		if (prepare_csv_memory(&memory, &size, &source, &text, r->runner, &why) ==
		    SHMPUB_ERR_CSV)
			line = why.line;
	}
	csv_options_free(o);
	heap_block_free(&block);
	return line;
}

int refresh_expect(struct refresh *r, const struct schema *now, uint64_t n_rows)
{
	const struct expect_found found = {
		.before = &r->frozen,
		.now = now,
		.n_rows = n_rows,
		.ends_line = intake_ends_line(&r->intake),
	};
	struct expect_change change;
	int result = expect_check(&change, r->config, &found, &r->error);
	uint64_t line = change.before != NULL ? find_line(r, change.before) : 0;

	if (line != 0)
		error_put_line(&r->error, line);
	return result;
}
