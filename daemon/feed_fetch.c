#include "feed_parts.h"

#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "file_mode.h"

/*
 * An attempt with a source that is fetched:
 *
 *     timer -> attempt -> fetch -> was_fetched -> [open] -> ...
 *
 * The fetch is the loop's own. When all bytes are there they go the way of a file: a worker opens
 * the spool and compares its content with the last one's, and the build makes a table of it.
 * While the fetch is under way the feed counts as busy, so there are never two of them. A removal
 * or the stop cancels it, and so does another configuration.
 *
 * What a program or a server gives has no mode that others could be judged by. So by
 * FILE_MODE_AUTO the table is for the daemon's user alone, from before the first attempt on.
 */

/* --- the fetch ------------------------------------------------------------------------------------ */

static void was_fetched(struct fetch *fetch)
{
	struct feed *f = (struct feed *)((char *)fetch - offsetof(struct feed, fetch));
	struct shmpub_error err = fetch->error;
	uint64_t wait_ms = fetch->retry_after_ms;
	int result = fetch->result;

	f->refresh.result = result == FETCH_UNCHANGED ? SOURCE_UNCHANGED : result;
	if (feed_drop_obsolete_job(f, true))
		return;
	if (result == SHMPUB_OK) {
		f->fetched = fetch_bytes(fetch);
		f->refresh.fetched = &f->fetched;
		f->state = FEED_OPENING;
		feed_start_open(f);
		return;
	}
	feed_end_job(f);
	if (result == FETCH_UNCHANGED)
		feed_unchanged(f);
	else
		feed_fetch_failed(f, &err, wait_ms);
}

static uint64_t most_bytes(const struct feed *f)
{
	uint64_t own = f->config->max_source, all = f->host->max_bytes;

	return own != 0 && own < all ? own : all;
}

static void set_access(struct feed *f)
{
	f->access = file_mode_unjudged(f->config);
	f->is_judged = true;
	publisher_feed_set_access(f->out, &f->access);
}

void feed_start_fetch(struct feed *f)
{
	bool is_known = f->seen_hash != 0 && !f->refresh.is_forced;
	struct shmpub_error err;
	int result;

	set_access(f);
	f->fetch = (struct fetch){
		.loop = f->host->loop,
		.config = f->refresh.config,
		.spool_directory = f->host->instance_path,
		.max_size = most_bytes(f),
		.told = feed_log_told,
		.done = was_fetched,
		.spool = SPOOL_NONE,
	};
	if (is_known)
		f->fetch.seen = f->validators;
	f->state = FEED_FETCHING;
	result = fetch_begin(&f->fetch, &err);
	if (result == SHMPUB_OK)
		return;
	feed_end_job(f);
	feed_fetch_failed(f, &err, 0);
}

void feed_cancel_fetch(struct feed *f, bool at_once)
{
	if (f->state == FEED_FETCHING)
		fetch_cancel(&f->fetch, at_once);
}

void feed_note_validators(struct feed *f)
{
	if (f->refresh.fetched != NULL && f->refresh.hash != 0)
		f->validators = f->fetch.validators;
}
