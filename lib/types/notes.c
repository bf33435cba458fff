#include "types/notes.h"

#include "base/alloc.h"
#include "base/error.h"

struct column_notes *notes_new(const struct columns *plan, struct shmpub_error *err)
{
	struct column_notes *notes = mem_zalloc(plan->n + 1, sizeof(*notes));

	for (size_t k = 0; notes && k < plan->n; k++) {
		notes[k].seen = EVIDENCE_NONE;
		notes[k].too_large = OFFSET_NONE;
		if (!column_may_be_dates(&plan->columns[k]))
			continue;
		notes[k].dates = mem_zalloc(1, sizeof(*notes[k].dates));
		if (notes[k].dates == NULL) {
			notes_free(notes, plan);
			notes = NULL;
			break;
		}
		*notes[k].dates = DATE_STATE_NONE;
	}
	if (notes == NULL)
		error_nomem(err, plan->n * sizeof(*notes));
	return notes;
}

void notes_free(struct column_notes *notes, const struct columns *plan)
{
	for (size_t k = 0; notes && k < plan->n; k++)
		mem_free(notes[k].dates);
	mem_free(notes);
}

void notes_add_date(struct column_notes *n, const struct column *c, struct span cell, uint64_t row)
{
	struct date_state *d = n->dates;
	struct timestamp t;

	if (d->has_not_date)
		return;
	if (cell.data == NULL || dates_is_null(c, cell))
		n->n_nulls++;
	else if ((!d->has_value && !dates_begin(d, c, cell)) ||
	         !dates_read(&t, d, dates_form(d, c), cell))
		dates_refuse(d, c, cell);
	else
		dates_note(d, &t, row);
}

void notes_join(struct column_notes *n, const struct column_notes *other)
{
	n->n_nulls += other->n_nulls;
	n->text_size += other->text_size;
	evidence_join(&n->seen, &other->seen);
	if (n->dates)
		dates_join(n->dates, other->dates);
	n->has_minus_zero |= other->has_minus_zero;
	n->has_inexact |= other->has_inexact;
	n->has_null_number |= other->has_null_number;
	if (other->too_large < n->too_large)
		n->too_large = other->too_large;
	n->is_broken |= other->is_broken;
}
