#include "fuzz.h"

#include "base/utf8.h"
#include "snapshot/snapshot.h"
#include "tools/reseal.h"
#include "tools/table_equal.h"

/*
 * Any bytes as a snapshot, once as they are and once with the CRCs made to hold, since no
 * fuzzer finds a checksum. What a cheap check lets through has its buffers inside; what
 * the full check lets through may be read to the last cell, and all text in it is UTF-8.
 */

#define MAX_CELLS 100000u /* null columns may have any number of rows */

static bool is_utf8(struct span text)
{
	return utf8_valid_prefix(text) == text.size;
}

static void read_bounds(struct span bytes)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;

	if (snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_BOUNDS, NULL))
		return;
	for (size_t i = 0; i < v.table.n_columns; i++) {
		const struct shmpub_column *c = &v.columns[i];

		CLAIM(c->n_rows == v.table.n_rows && c->null_count <= c->n_rows);
		CLAIM(is_utf8(span_of(c->name, c->name_size)));
		CLAIM((c->code_size > 0) == (c->dictionary != NULL));
		CLAIM(c->validity == NULL || c->validity[(c->n_rows - 1) / 8] <= UINT8_MAX);
		CLAIM(c->offsets == NULL || c->offsets[c->n_rows] >= 0);
	}
	CLAIM(is_utf8(v.origin.feed) && is_utf8(v.origin.source));
	snapshot_view_free(&v);
}

static void read_full(struct span bytes)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;

	if (snapshot_view_init(&v, bytes, SNAPSHOT_CHECK_FULL, NULL))
		return;
	if (v.table.n_rows <= MAX_CELLS / (v.table.n_columns + 1))
		CLAIM(table_sum(&v.table) < UINT64_MAX);
	snapshot_view_free(&v);
}

static char *block(const char *bytes, size_t size, size_t room)
{
	void *p = NULL; /* not aligned_alloc(): the sanitizer is to see the very next byte */

	if (posix_memalign(&p, 64, size + room) != 0)
		abort();
	if (size > 0)
		memcpy(p, bytes, size);
	return p;
}

static void read_both(const char *bytes, size_t size)
{
	char *exact = block(bytes, size, 0);

	read_bounds(span_of(exact, size));
	read_full(span_of(exact, size));
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *room = block((const char *)data, size, RESEAL_ROOM);

	read_both((const char *)data, size);
	if (reseal(room, &size))
		read_both(room, size);
	free(room);
	return 0;
}
