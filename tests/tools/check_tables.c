/*
 * check_tables FEED INSTANCE DIRECTORY SECONDS: a reader that looks at every cell of every table it gets.
 *
 * The tables are those of tables.h. Each table is looked at when it comes; some are kept for a while and
 * looked at again before they are let go. A publisher that is gone is waited for. At the end one
 * line: how many tables there were, how many were looked at twice, and how many epochs. The first cell
 * that is wrong ends it, with status 1 and a line that says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shmpub/shmpub.h"
#include "tables.h"

#define KEPT 4
#define KEEP_EVERY 5

struct seen {
	struct shmpub_mark mark;
	uint64_t tables, twice, epochs;
	struct shmpub_snapshot *kept[KEPT];
};

static bool wrong(const struct shmpub_snapshot *s, const char *what, uint64_t row)
{
	const struct shmpub_stamp *stamp = shmpub_snapshot_stamp(s);

	fprintf(stderr, "check_tables: sequence %llu, %llu rows: %s in row %llu\n",
	        (unsigned long long)stamp->mark.sequence, (unsigned long long)shmpub_rows(s), what,
	        (unsigned long long)row);
	return false;
}

static bool is_text(const struct shmpub_column *c, uint64_t number, uint64_t row)
{
	int64_t from = c->offsets[row], size = c->offsets[row + 1] - from;
	char want[TABLE_CELL_ROOM];
	int n = snprintf(want, sizeof(want), "t%llu-%llu", (unsigned long long)number,
	                 (unsigned long long)row);

	return size == n && from >= 0 && (uint64_t)(from + size) <= c->text_size &&
	       memcmp(c->text + from, want, (size_t)n) == 0;
}

static bool is_whole(const struct shmpub_snapshot *s)
{
	const struct shmpub_column *number = shmpub_column_named(s, "number");
	const struct shmpub_column *row = shmpub_column_named(s, "row");
	const struct shmpub_column *text = shmpub_column_named(s, "text");
	uint64_t height = shmpub_rows(s);
	int64_t n;

	if (number == NULL || row == NULL || text == NULL || height == 0 ||
	    number->type != SHMPUB_INT64 || row->type != SHMPUB_INT64 || text->type != SHMPUB_TEXT)
		return wrong(s, "another table", 0);
	n = ((const int64_t *)number->values)[0];
	if (n < 0 || table_height((uint64_t)n) != height)
		return wrong(s, "another height", (uint64_t)n);
	for (uint64_t i = 0; i < height; i++) {
		if (((const int64_t *)number->values)[i] != n)
			return wrong(s, "number", i);
		if (((const int64_t *)row->values)[i] != (int64_t)i)
			return wrong(s, "row", i);
		if (!is_text(text, (uint64_t)n, i))
			return wrong(s, "text", i);
	}
	return true;
}

/* Look at what was kept once more, and let it go; NULL is whole. */
static bool let_go(struct seen *seen, size_t at)
{
	struct shmpub_snapshot *s = seen->kept[at];
	bool well = s == NULL || is_whole(s);

	seen->twice += s != NULL;
	shmpub_release(s);
	seen->kept[at] = NULL;
	return well;
}

static bool take(struct seen *seen, struct shmpub_snapshot *s)
{
	struct shmpub_mark mark = shmpub_snapshot_stamp(s)->mark;
	size_t at = (size_t)(seen->tables / KEEP_EVERY % KEPT);
	bool well = is_whole(s);

	if (mark.epoch == seen->mark.epoch && mark.sequence <= seen->mark.sequence)
		well = wrong(s, "an older table than before", mark.sequence);
	seen->epochs += mark.epoch != seen->mark.epoch;
	seen->mark = mark;
	if (seen->tables++ % KEEP_EVERY != 0) {
		shmpub_release(s);
		return well;
	}
	well = let_go(seen, at) && well;
	seen->kept[at] = s;
	return well;
}

static bool step(struct seen *seen, struct shmpub_reader *reader, const char *feed)
{
	struct shmpub_snapshot *s = NULL;
	struct shmpub_error err;
	int r = shmpub_wait(reader, feed, &seen->mark, 100, &err);

	if (r == SHMPUB_OK)
		r = shmpub_acquire(&s, reader, feed, &seen->mark, &err);
	if (r == SHMPUB_OK)
		return take(seen, s);
	if (r < 0)
		fprintf(stderr, "check_tables: %s\n", err.message);
	return r > 0; /* nothing new, or the publisher is away */
}

int main(int argc, char **argv)
{
	struct shmpub_reader_options where = { .instance = argc > 2 ? argv[2] : NULL,
		                               .directory = argc > 3 ? argv[3] : NULL };
	struct shmpub_reader *reader;
	struct seen seen = { 0 };
	struct shmpub_error err;
	time_t end;
	bool well = true;

	if (argc != 5) {
		fprintf(stderr, "usage: check_tables FEED INSTANCE DIRECTORY SECONDS\n");
		return 2;
	}
	end = time(NULL) + strtol(argv[4], NULL, 10);
	if (shmpub_reader_open(&reader, &where, &err) != SHMPUB_OK) {
		fprintf(stderr, "check_tables: %s\n", err.message);
		return 1;
	}
	while (well && time(NULL) < end)
		well = step(&seen, reader, argv[1]);
	for (size_t i = 0; i < KEPT; i++)
		well = let_go(&seen, i) && well;
	shmpub_reader_close(reader);
	if (well)
		printf("%llu tables, %llu twice, %llu epochs\n", (unsigned long long)seen.tables,
		       (unsigned long long)seen.twice, (unsigned long long)seen.epochs);
	return well ? 0 : 1;
}
