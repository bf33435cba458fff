/*
 * full_check PACK: what the full check says of each of many snapshots, a line for each:
 * "accept CRC" with the CRC of the table's description below, or "reject WHY". PACK holds
 * one after the other a size (uint32, little-endian) and so many bytes.
 *
 * tests/golden/test_variants.py holds the Python client against it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/crc32.h"
#include "columns/table.h"
#include "platform/platform.h"
#include "snapshot/snapshot.h"

#define MAX_CELLS 1000000u /* null columns may have any number of rows */

static void put_hex(struct buffer *out, const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		buffer_printf(out, NULL, "%02x", (unsigned char)p[i]);
}

static void put_cell(struct buffer *out, const struct shmpub_column *c, uint64_t row)
{
	struct span text;
	uint64_t word;

	if (!column_is_valid(c, row)) {
		buffer_printf(out, NULL, "null");
		return;
	}
	c = column_resolve(c, &row);
	switch (c->type) {
	case SHMPUB_BOOL:
		buffer_printf(out, NULL, "%d", bit_get(c->values, row));
		break;
	case SHMPUB_TEXT:
		text = column_text_inside(c, row);
		put_hex(out, text.data, text.size);
		break;
	default:
		memcpy(&word, (const char *)c->values + 8 * row, sizeof(word));
		buffer_printf(out, NULL, "%" PRIu64, word);
	}
}

static void put_cells(struct buffer *out, const struct shmpub_column *c, uint64_t n_rows)
{
	for (uint64_t i = 0; i < n_rows; i++) {
		put_cell(out, c, i);
		buffer_printf(out, NULL, " ");
	}
	buffer_printf(out, NULL, "\n");
}

static void put_column(struct buffer *out, const struct shmpub_column *c)
{
	put_hex(out, c->name, c->name_size);
	buffer_printf(out, NULL, " type %d unit %d zone %s kind %d level %d unnamed %d label %d\n",
	              (int)c->type, (int)c->unit, c->timezone != NULL ? c->timezone : "-",
	              (int)c->kind, c->index - 1, c->is_unnamed, c->is_integer_name);
	put_cells(out, c, c->n_rows);
	if (c->dictionary == NULL)
		return;
	buffer_printf(out, NULL, "dictionary of codes of %d bytes: ", c->code_size);
	put_cells(out, c->dictionary, c->dictionary->n_rows);
}

static void describe(struct buffer *out, const struct table *t)
{
	buffer_printf(out, NULL, "%" PRIu64 " rows\n", t->n_rows);
	for (size_t i = 0; i < t->n_columns; i++)
		put_column(out, &t->columns[i]);
}

static void judge(struct span bytes)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct shmpub_error err = { 0 };
	struct buffer text = BUFFER_NONE;

	if (snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_FULL, &err)) {
		for (char *p = err.message; *p != '\0'; p++)
			*p = *p >= ' ' ? *p : '?'; /* names may have lines */
		printf("reject %s\n", err.message);
		return;
	}
	if (v.table.n_rows <= MAX_CELLS / (v.table.n_columns + 1))
		describe(&text, &v.table);
	printf("accept %08" PRIx32 "\n", crc32(text.data, text.size));
	if (getenv("FULL_CHECK_DUMP") != NULL)
		fwrite(text.data, 1, text.size, stdout);
	buffer_free(&text);
	snapshot_view_free(&v);
}

/* False at the end. The bytes stand in a block of exactly their size, for the sanitizers. */
static bool next(FILE *pack)
{
	uint32_t size;
	void *bytes;

	if (fread(&size, sizeof(size), 1, pack) != 1)
		return false;
	bytes = block_new(64, size);
	if (fread(bytes, 1, size, pack) != size)
		abort();
	judge(span_of(bytes, size));
	block_free(bytes);
	return true;
}

int main(int argc, char **argv)
{
	FILE *pack = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (pack == NULL) {
		fprintf(stderr, "usage: full_check PACK\n");
		return 2;
	}
	stdio_is_binary();
	while (next(pack))
		;
	fclose(pack);
	return EXIT_SUCCESS;
}
