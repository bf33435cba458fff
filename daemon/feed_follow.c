#include "feed_parts.h"

/* How far the worker has taken the file; after a failure that the content itself is to blame for, which content. */
void feed_note_followed(struct feed *f)
{
	struct refresh *r = &f->refresh;

	if (r->follow == NULL)
		return;
	if (r->result == SHMPUB_ERR_CSV || r->result == SHMPUB_ERR_INVALID) {
		follow_note_failure(&f->follow, &r->mark);
	} else if (r->result == SHMPUB_OK && r->is_anew) {
		follow_free(&f->follow);
		f->follow = r->followed;
		r->followed = FOLLOW_NONE;
	} else if (r->result == SOURCE_UNCHANGED && r->is_anew) { /* by its hash */
		if (f->follow.place.taken == r->mark.size)
			f->follow.place.mark = r->mark;
	} else if (r->result == SHMPUB_OK || r->result == SOURCE_UNCHANGED) {
		f->follow.place = r->followed.place;
	}
}
