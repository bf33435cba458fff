#include "publisher/publisher_parts.h"

#include "base/error.h"

/*
 * A feed's live segment may grow: the publisher keeps the writer that made it, and its mapping. A publication
 * then adds rows to it, which nobody sees until the loop thread shows them, or makes another segment as usual.
 *
 * Only the publication that is under way uses the writer. If the feed is removed meanwhile, the segment is the
 * publication's, so that its memory is there until the worker is done.
 */

/* Where names do not persist, readers know a snapshot by number and size alone. */
static bool may_grow(const struct publisher *p)
{
	return shm_names_persist() && p->n_growing < p->max_recyclers;
}

void publication_set_room(struct publication *pub, uint64_t room)
{
	pub->room = pub->may_grow ? room : 0;
}

uint64_t publication_room(const struct publication *pub)
{
	return pub->room;
}

void publication_keep(struct publication *pub, struct snapshot_writer *writer)
{
	snapshot_writer_moved(writer, pub->segment->map.addr);
	pub->writer = writer;
}

void growing_begin(struct publication *pub)
{
	struct publisher_feed *f = pub->feed;

	pub->may_grow = may_grow(pub->publisher);
	if (f->live != NULL && f->live->writer != NULL &&
	    shm_access_equal(&f->live->access, &pub->access))
		pub->grown = f->live;
}

bool publication_grows(const struct publication *pub, uint64_t *n_rows)
{
	if (pub->grown == NULL)
		return false;
	*n_rows = snapshot_writer_rows(pub->grown->writer);
	return true;
}

int publication_append(struct publication *pub, const struct table *more, uint64_t from,
                       const struct snapshot_stamp *stamp, struct shmpub_error *err)
{
	int r;

	if (pub->grown == NULL || pub->segment != NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "feed %s: its snapshot does not grow",
		                 pub->feed->name);
	r = snapshot_writer_append(pub->grown->writer, more, from, stamp, err);
	pub->is_appended = r == SHMPUB_OK;
	return r;
}

void growing_take(struct segment *s, struct publication *pub)
{
	s->writer = pub->writer;
	pub->publisher->n_growing += s->writer != NULL;
	pub->writer = NULL;
}

void growing_end(struct publication *pub)
{
	snapshot_writer_free(pub->writer);
	pub->writer = NULL;
	if (pub->is_orphan)
		segment_let_go(pub->publisher, pub->grown);
	pub->grown = NULL;
}
