/*
 * A reader in C: takes every version of a feed as it comes and looks at its columns where
 * they lie.
 *
 *     example_reader FEED [INSTANCE [DIRECTORY [COUNT]]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "shmpub/shmpub.h"

static int is_there(const struct shmpub_column *c, uint64_t row)
{
	return c->validity == NULL || (c->validity[row >> 3] >> (row & 7) & 1);
}

static void look_at(const struct shmpub_column *c)
{
	double sum = 0;

	printf("  %.*s: %llu missing", (int)c->name_size, c->name,
	       (unsigned long long)c->null_count);
	if (c->dictionary != NULL) {
		printf(", %llu categories", (unsigned long long)c->dictionary->n_rows);
	} else if (c->type == SHMPUB_FLOAT64 || c->type == SHMPUB_INT64) {
		for (uint64_t row = 0; row < c->n_rows; row++) {
			if (!is_there(c, row))
				continue;
			sum += c->type == SHMPUB_INT64 ? (double)((const int64_t *)c->values)[row]
			                               : ((const double *)c->values)[row];
		}
		printf(", sum %.17g", sum);
	}
	printf("\n");
}

/* Nothing is copied: the columns are the publisher's memory, and stay until the release. */
static int look(struct shmpub_reader *reader, const char *feed, struct shmpub_mark *seen,
                struct shmpub_error *err)
{
	struct shmpub_snapshot *snapshot;
	const struct shmpub_column *columns;
	size_t n_columns;
	int r;

	r = shmpub_acquire(&snapshot, reader, feed, seen, err);
	if (r)
		return r;
	*seen = shmpub_snapshot_stamp(snapshot)->mark;
	columns = shmpub_columns(snapshot, &n_columns);
	printf("%s %llu: %llu rows\n", feed, (unsigned long long)seen->sequence,
	       (unsigned long long)shmpub_rows(snapshot));
	for (size_t i = 0; i < n_columns; i++)
		look_at(&columns[i]);
	fflush(stdout);
	shmpub_release(snapshot);
	return SHMPUB_OK;
}

int main(int argc, char **argv)
{
	struct shmpub_reader_options where = { .instance = argc > 2 ? argv[2] : NULL,
		                               .directory = argc > 3 ? argv[3] : NULL };
	long count = argc > 4 ? strtol(argv[4], NULL, 10) : -1;
	struct shmpub_reader *reader;
	struct shmpub_mark seen = { 0 };
	struct shmpub_error err;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: example_reader FEED [INSTANCE [DIRECTORY [COUNT]]]\n");
		return 2;
	}
	r = shmpub_reader_open(&reader, &where, &err);
	while (r == SHMPUB_OK && count != 0) {
		r = shmpub_wait(reader, argv[1], &seen, -1, &err);
		if (r == SHMPUB_OK)
			r = look(reader, argv[1], &seen, &err);
		if (r == SHMPUB_OK)
			count--;
		else if (r > 0 && r != SHMPUB_NO_FEED)
			r = SHMPUB_OK; /* the publisher is being replaced: wait for the next */
	}
	if (r)
		fprintf(stderr, "example_reader: %s\n", err.message);
	shmpub_reader_close(reader);
	return r ? 1 : 0;
}
