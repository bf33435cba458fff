#include "command.h"

#include "cat_rows.h"
#include "shmpub/new_rows.h"
#include "terminal.h"

/*
 * shmpub cat: prints a snapshot's contents. For CSV and JSON the snapshot is first verified in
 * full, because its text offsets and codes are followed. As Arrow, the segment's bytes are
 * written as they are. --follow goes on with the rows that are new, as they come.
 */

#define WAIT_MS 1000 /* a closed output is noticed within it */

static int cat_arrow(struct session *s, const struct shmpub_snapshot *snapshot)
{
	size_t size;
	const void *bytes = shmpub_bytes(snapshot, &size);

	if (terminal_is_output())
		return session_say("Arrow bytes are not for a terminal: redirect them");
	out_bytes(&s->out, span_of(bytes, size));
	return EXIT_GOOD;
}

static int cat_rows(struct session *s, const struct shmpub_snapshot *snapshot,
                    struct cat_range range)
{
	struct table t = { .n_rows = shmpub_rows(snapshot) };

	if (range.to > t.n_rows)
		range.to = t.n_rows;
	if (shmpub_verify(snapshot, &s->err) != SHMPUB_OK)
		return session_fail(s);
	t.columns = shmpub_columns(snapshot, &t.n_columns);
	return s->line->format == CAT_JSON ? cat_json(&s->out, &t, &range)
	                                   : cat_csv(&s->out, &t, &range);
}

/* --- --follow ---------------------------------------------------------------------------------- */

/* The rows that are new since *last, which becomes `newer`. */
static int cat_newer(struct session *s, struct shmpub_snapshot **last,
                     struct shmpub_snapshot *newer)
{
	struct cat_range range = { .to = UINT64_MAX };
	int r;

	range.has_header = shmpub_since(&range.from, newer, *last) == SHMPUB_GAP;
	if (range.has_header)
		(void)session_say("the table began anew");
	r = cat_rows(s, newer, range);
	out_flush(&s->out);
	shmpub_release(*last);
	*last = newer;
	return r;
}

/* Until the feed is removed, or nobody reads. */
static int follow(struct session *s, struct shmpub_snapshot **last)
{
	const char *feed = s->line->feeds[0];
	struct shmpub_snapshot *newer;
	int r = EXIT_GOOD, found;

	out_flush(&s->out);
	while (r == EXIT_GOOD && !out_is_over(&s->out)) {
		const struct shmpub_mark *seen = &shmpub_snapshot_stamp(*last)->mark;

		found = shmpub_wait(s->reader, feed, seen, WAIT_MS, &s->err);
		if (found == SHMPUB_OK)
			found = shmpub_acquire(&newer, s->reader, feed, seen, &s->err);
		if (found == SHMPUB_OK)
			r = cat_newer(s, last, newer);
		else if (found != SHMPUB_TIMED_OUT && found != SHMPUB_UNCHANGED)
			r = session_fail_feed(s, feed);
	}
	return r;
}

int command_cat(struct session *s)
{
	struct shmpub_snapshot *snapshot;
	int r;

	if (s->line->follow && s->line->format == CAT_ARROW)
		return session_say("--follow writes rows, as csv or json");
	r = shmpub_acquire(&snapshot, s->reader, s->line->feeds[0], NULL, &s->err);
	if (r)
		return session_fail_feed(s, s->line->feeds[0]);
	if (s->line->format == CAT_ARROW)
		r = cat_arrow(s, snapshot);
	else
		r = cat_rows(s, snapshot, (struct cat_range){ 0, s->line->head, true });
	if (r == EXIT_GOOD && s->line->follow)
		r = follow(s, &snapshot);
	shmpub_release(snapshot);
	return r;
}
