#include "feed_parts.h"

/*
 * What a feed remembers of its pattern's files goes with each attempt to the worker and comes back,
 * as it was or as it is for the snapshot that the attempt has published.
 */

void feed_kept_map(struct feed *f)
{
	struct refresh *r = &f->refresh;

	if (r->choice.skips != NULL && r->kept.sequence == publisher_feed_sequence(f->out))
		(void)publisher_feed_map(&r->before, f->out); /* else all files are read */
}

void feed_kept_replace(struct feed *f)
{
	struct refresh *r = &f->refresh;

	kept_files_free(&r->kept);
	r->kept = r->kept_next;
	r->kept_next = KEPT_FILES_NONE;
}

void feed_kept_return(struct feed *f)
{
	struct refresh *r = &f->refresh;

	if (f->kept.files == NULL && !f->is_removed && r->config != NULL &&
	    config_feed_equal(r->config, f->config))
		f->kept = r->kept;
	else
		kept_files_free(&r->kept);
	r->kept = KEPT_FILES_NONE;
}
