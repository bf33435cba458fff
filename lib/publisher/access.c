#include "publisher/publisher_parts.h"

#include "base/error.h"

/*
 * Who may read. Each snapshot keeps the mode and group that it was published with, until
 * publisher_feed_follow_access() changes those of the current one. When fewer users may
 * read than before, the older snapshots that still exist are closed as well: no reader
 * looks for their hidden names, but a user could open them, and they have nearly the same
 * contents.
 */

void publisher_feed_set_access(struct publisher_feed *f, const struct shm_access *access)
{
	f->access = access != NULL && access->mode != 0 ? *access : f->publisher->access;
}

static void close_older(struct publisher_feed *f, const struct segment *s)
{
	const struct shm_access nobody = { .mode = 0600, .gid = -1 };
	struct shm_stat stat;

	if (s->name[0] != '\0' && shm_stat_name(&stat, &f->publisher->dir, s->name, NULL) == 0)
		(void)shm_access_set_name(&f->publisher->dir, s->name, &stat.id, &nobody, NULL);
}

void feed_close_older(struct publisher_feed *f)
{
	if (f->spare != NULL)
		close_older(f, f->spare);
	for (const struct segment *s = f->retired; s != NULL; s = s->next)
		close_older(f, s);
	for (const struct segment *s = f->publisher->held.first; s != NULL; s = s->next) {
		if (s->slot == f->slot && s->generation == f->generation)
			close_older(f, s);
	}
}

int publisher_feed_follow_access(struct publisher_feed *f, struct shmpub_error *err)
{
	struct segment *s = f->live;
	bool is_narrower;
	int r;

	if (s == NULL || shm_access_equal(&s->access, &f->access))
		return 0;
	is_narrower = !shm_access_covers(&f->access, &s->access);
	r = shm_access_set_name(&f->publisher->dir, f->file, &f->id, &f->access, err);
	if (r < 0)
		return r;
	if (is_narrower)
		feed_close_older(f);
	if (r == 0)
		s->access = f->access;
	/* SHM_ABSENT: somebody put another file there, which publisher_put_back() will see. */
	return 0;
}
