#include "show/cell.h"

/*
 * This file finds where a value lies, by its column's type and through the dictionary. The
 * spelling is decided in value/format.c, whose tests read back what it wrote.
 *
 * The snapshot was verified, but it lies in shared memory whose owner could have changed it
 * since. So codes and offsets are checked once more here: a hostile owner can then make us
 * print nonsense, but cannot make this process crash.
 */

static int64_t int64_at(const struct shmpub_column *c, uint64_t row)
{
	return ((const int64_t *)c->values)[row];
}

struct cell_form cell_form_of(const struct shmpub_column *column, char separator)
{
	const struct shmpub_column *c = column->dictionary != NULL ? column->dictionary : column;
	struct cell_form form = { .decimals = FORMAT_DATE, .separator = separator };

	if (c->type != SHMPUB_TIMESTAMP)
		return form;
	for (uint64_t i = 0; i < c->n_rows; i++) {
		int decimals;

		if (!column_is_valid(c, i))
			continue;
		decimals = format_decimals(int64_at(c, i), c->unit);
		form.decimals = decimals > form.decimals ? decimals : form.decimals;
	}
	return form;
}

static size_t write_timestamp(char *out, int64_t value, const struct shmpub_column *c,
                              const struct cell_form *form)
{
	size_t size = format_timestamp(out, value, c->unit, form->decimals, c->timezone);
	char *blank = memchr(out, ' ', size);

	if (blank != NULL)
		*blank = form->separator;
	return size;
}

struct span cell_text(char room[CELL_SIZE], const struct shmpub_column *column, uint64_t row,
                      const struct cell_form *form)
{
	const struct shmpub_column *c = column_resolve(column, &row);

	if (row >= c->n_rows)
		return span_str("");
	switch (c->type) {
	case SHMPUB_BOOL:
		return span_of(room, format_bool(room, bit_get(c->values, row)));
	case SHMPUB_INT64:
		return span_of(room, format_int64(room, int64_at(c, row)));
	case SHMPUB_UINT64:
		return span_of(room, format_uint64(room, (uint64_t)int64_at(c, row)));
	case SHMPUB_FLOAT64:
		return span_of(room, format_float64(room, ((const double *)c->values)[row]));
	case SHMPUB_TIMESTAMP:
		return span_of(room, write_timestamp(room, int64_at(c, row), c, form));
	case SHMPUB_TEXT:
		return column_text_inside(c, row);
	case SHMPUB_NULL:
		break;
	}
	return SPAN_NONE;
}
