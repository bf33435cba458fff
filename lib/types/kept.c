#include "types/kept.h"

#include "base/alloc.h"

/*
 * A float column that is certain has a cell that is no integer, and a text column one that is no
 * value of another type. Both are taken for cells of the first row: so the numbers of a float column
 * are read as those of floats from the beginning, and no evidence is collected for a column of text.
 */

void kept_seed(struct evidence *e, const struct kept_column *kept, enum reading reading)
{
	if (!kept->is_certain || (reading != READ_FLOAT && reading != READ_TEXT))
		return;
	e->first_not_int = 0;
	if (reading == READ_FLOAT)
		return;
	e->n_values = 1;
	e->first_not_uint = 0;
	e->has_not_float = e->has_not_bool = e->has_not_long = true;
	e->is_text = true;
}

void kept_free(struct kept_column *kept, size_t n)
{
	for (size_t k = 0; kept != NULL && k < n; k++)
		mem_free(kept[k].numbers);
	mem_free(kept);
}
