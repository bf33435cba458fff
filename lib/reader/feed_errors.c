#include "reader/reader.h"

#include <stdio.h>
#include "catalog/error_table.h"
#include "reader/reader_state.h"

/*
 * The different errors of a feed. The table is mapped for the one question: who asks does so
 * rarely.
 */

_Static_assert(SHMPUB_FEED_ERRORS == ERROR_TABLE_ENTRIES, "all entries of a block");
_Static_assert(SHMPUB_LINE_SIZE == CATALOG_ERROR_SIZE, "a line fits");

static int open_table(struct error_table *t, struct shmpub_reader *r, struct shmpub_error *err)
{
	char path[sizeof(r->at.dir.path) + sizeof(ERROR_TABLE_FILE) + 1];
	struct shm_stat stat;
	int res = error_table_open_reader(t, &stat, &r->at.dir, &r->at.catalog, err);

	if (res)
		return res;
	snprintf(path, sizeof(path), "%s/%s", r->at.dir.path, ERROR_TABLE_FILE);
	res = trust_check(&r->trust, &stat.owner, path, err);
	if (res)
		error_table_close(t);
	return res;
}

int reader_feed_errors(struct shmpub_feed_error *out, size_t *n, struct shmpub_reader *r,
                       struct span feed, struct shmpub_error *err)
{
	struct error_table t = ERROR_TABLE_NONE;
	struct reader_place place;
	int res = reader_attach(r, err);

	*n = 0;
	if (res)
		return res;
	if (!reader_slot(&place, r, feed))
		return reader_no_such_feed(r, feed, err);
	res = open_table(&t, r, err);
	if (res == SHM_ABSENT)
		return SHMPUB_OK;
	if (res)
		return res;
	*n = error_table_copy(out, &t, &r->at.catalog,
	                      catalog_slot_index(&r->at.catalog, place.slot), place.generation);
	error_table_close(&t);
	return SHMPUB_OK;
}
