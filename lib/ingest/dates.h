/*
 * Columns of dates: one form, one zone and one unit for all cells, as pandas infers them.
 */
#ifndef SHMPUB_INGEST_DATES_H
#define SHMPUB_INGEST_DATES_H

#include "ingest/column.h"

/* What has been seen of a column that may be dates. */
struct date_state {
	bool has_value;
	bool has_not_date;
	bool has_zone, is_mixed;
	int32_t offset_s;
	enum shmpub_unit unit;
	struct span first; /* the first value's cell, as it stands in the text */
};

#define DATE_STATE_NONE ((struct date_state){ .unit = SHMPUB_MICROSECOND })

/* False: not a date of this column. `cell` may be the first. */
bool date_read(struct timestamp *out, struct date_state *s, const struct column *c,
               struct span cell);
void date_note(struct date_state *s, const struct timestamp *t);
void date_join(struct date_state *s, const struct date_state *other, const struct column *c);
struct verdict date_verdict(const struct date_state *s, uint64_t n_nulls);

#endif
