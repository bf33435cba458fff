#include "feed_parts.h"

#include "feed_rejects.h"

/* What a feed has in the instance: its place in the catalog, and its names. */

static bool wants_plain_segments(struct feed *f)
{
	article_claim(&f->article, f->config, f->host->instance_path);
	feed_note_warning(f);
	if (f->n_plain_failures && feed_now_ms(f) < f->plain_after_ms)
		return false;
	return article_is_wanting(&f->article);
}

int feed_put_back_names(bool *again, struct feed *f, struct shmpub_error *err)
{
	int r = publisher_put_back(f->out, err);
	int rejects = r < 0 ? r : feed_rejects_put_back(f, err);
	bool wants = wants_plain_segments(f);

	*again = !f->is_failing && (r == SHM_ABSENT || rejects == SHM_ABSENT || wants);
	return rejects < 0 ? rejects : SHMPUB_OK;
}

int feed_open_place(struct feed *f, struct shmpub_error *err)
{
	int r = feed_rejects_follow(f, err);

	if (r || f->out != NULL)
		return r;
	r = publisher_feed_open(&f->out, f->host->publisher, span_str(f->config->name),
	                        f->config->interval_ms, &f->access, err);
	if (!r &&
	    /* a snapshot of before a crash gets the mode now */
	    f->config->access.mode != FILE_MODE_AUTO)
		(void)publisher_feed_follow_access(f->out, NULL);
	return r;
}
