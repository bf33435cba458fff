/*
 * golden_make DIRECTORY: write every table of golden_tables.h there, NAME.arrow as the
 * snapshot and NAME.json as what is in it, and those of golden_bad.h into bad/ and
 * bad_contents/, which must be there. What lies in tests/golden/ was made so;
 * make it anew only when docs/FORMAT.md has changed, and say in the commit what did.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "tools/golden_bad.h"

static void put_text(FILE *f, struct span text)
{
	putc('"', f);
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20)
			fprintf(f, "\\u%04x", c);
		else
			putc(c, f);
	}
	putc('"', f);
}

static void put_float(FILE *f, double v)
{
	char text[32];

	snprintf(text, sizeof(text), "%.17g", v);
	if (isnan(v))
		fputs("NaN", f);
	else if (isinf(v))
		fputs(v > 0 ? "Infinity" : "-Infinity", f);
	else
		fprintf(f, "%s%s", text, strpbrk(text, ".e") != NULL ? "" : ".0");
}

static void put_cell(FILE *f, const struct shmpub_column *c, uint64_t row)
{
	if (!column_is_valid(c, row)) {
		fputs("null", f);
		return;
	}
	c = column_resolve(c, &row);
	switch (c->type) {
	case SHMPUB_BOOL:
		fputs(bit_get(c->values, row) ? "true" : "false", f);
		break;
	case SHMPUB_UINT64:
		fprintf(f, "%" PRIu64, ((const uint64_t *)c->values)[row]);
		break;
	case SHMPUB_FLOAT64:
		put_float(f, ((const double *)c->values)[row]);
		break;
	case SHMPUB_TEXT:
		put_text(f, column_text(c, row));
		break;
	default:
		fprintf(f, "%" PRId64, ((const int64_t *)c->values)[row]);
	}
}

static void put_cells(FILE *f, const char *key, const struct shmpub_column *c, uint64_t n_rows)
{
	fprintf(f, ", \"%s\": [", key);
	for (uint64_t i = 0; i < n_rows; i++) {
		fputs(i > 0 ? ", " : "", f);
		put_cell(f, c, i);
	}
	putc(']', f);
}

static void put_column(FILE *f, const struct shmpub_column *c, uint64_t n_rows)
{
	static const char *const types[] = { "null",    "bool",      "int64", "uint64",
		                             "float64", "timestamp", "text" };
	static const char *const units[] = { "s", "ms", "us", "ns" };
	static const char *const kinds[] = { "plain", "int", "bool" };

	fputs("  {\"name\": ", f);
	put_text(f, span_of(c->name, c->name_size));
	fprintf(f, ", \"type\": \"%s\"", types[c->type]);
	if (c->type == SHMPUB_TIMESTAMP)
		fprintf(f, ", \"unit\": \"%s\"", units[c->unit]);
	if (c->timezone != NULL)
		fprintf(f, ", \"timezone\": \"%s\"", c->timezone);
	fprintf(f, ", \"kind\": \"%s\", \"index_level\": %d, \"unnamed\": %s, \"integer_name\": %s",
	        kinds[c->kind], c->index - 1, c->is_unnamed ? "true" : "false",
	        c->is_integer_name ? "true" : "false");
	if (c->dictionary != NULL)
		put_cells(f, "categories", c->dictionary, c->dictionary->n_rows);
	put_cells(f, "values", c, n_rows);
	putc('}', f);
}

static void put_json(FILE *f, const struct golden *g)
{
	fprintf(f, "{\"rows\": %" PRIu64 ", \"columns\": [\n", g->n_rows);
	for (size_t i = 0; i < g->n_columns; i++) {
		put_column(f, &g->columns[i], g->n_rows);
		fputs(i + 1 < g->n_columns ? ",\n" : "\n", f);
	}
	fputs("]}\n", f);
}

static FILE *create(const char *directory, const char *name, const char *ending)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, ending);
	f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return f;
}

static void make(const char *directory, const struct golden *g)
{
	struct golden_memory bytes = { NULL, NULL, 0 };
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
	struct shmpub_error err;
	uint64_t size;
	FILE *f;

	if (golden_write(&memory, g, &size, &err)) {
		fprintf(stderr, "%s: %s\n", g->name, err.message);
		exit(EXIT_FAILURE);
	}
	f = create(directory, g->name, ".arrow");
	fwrite(bytes.addr, 1, size, f);
	fclose(f);
	f = create(directory, g->name, ".json");
	put_json(f, g);
	fclose(f);
	golden_release(&bytes);
}

static void make_bad(const char *directory, const struct golden_bad *bad)
{
	struct golden_memory bytes = { NULL, NULL, 0 };
	size_t size = golden_damage(&bytes, bad);
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s", bad->at_once ? "bad" : "bad_contents", bad->name);
	f = create(directory, name, ".arrow");
	fwrite(bytes.addr, 1, size, f);
	fclose(f);
	golden_release(&bytes);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: golden_make DIRECTORY\n");
		return 2;
	}
	golden_fill();
	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		make(argv[1], &golden_tables[i]);
	for (size_t i = 0; i < GOLDEN_BAD_COUNT; i++)
		make_bad(argv[1], &golden_bads[i]);
	return EXIT_SUCCESS;
}
