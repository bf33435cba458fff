#include "fill/check_text.h"

#include "csv/check_utf8.h"

/*
 * pandas decodes only names and the cells of used columns. So a byte that is not UTF-8 does no
 * harm in a comment, in a skipped line, or in a column that usecols leaves out. Each window is
 * checked as a whole; only if it has such a byte, its cells are checked one by one here.
 */

static int check_cell(const struct tile *t, size_t row, size_t source, uint64_t *error_at,
                      struct shmpub_error *err)
{
	uint64_t offset = tile_offset(t, row, source);
	size_t bad;
	int r = csv_check_utf8(&bad, tile_raw(t, row, source), offset, err);

	if (r)
		*error_at = offset + bad;
	return r;
}

int check_text(const struct tile *t, const struct columns *plan, uint64_t *error_at,
               struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < t->n_rows; i++) {
		for (size_t k = 0; k < plan->n && r == SHMPUB_OK; k++) {
			if (column_has_field(&plan->columns[k]))
				r = check_cell(t, i, plan->columns[k].source, error_at, err);
		}
		if (r)
			return r;
	}
	return SHMPUB_OK;
}
