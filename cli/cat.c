#include "command.h"

#include "cat_rows.h"
#include "terminal.h"

/*
 * shmpub cat: prints a snapshot's contents. For CSV and JSON the snapshot is first verified in
 * full, because its text offsets and codes are followed. As Arrow, the segment's bytes are
 * written as they are.
 */

static int cat_arrow(struct session *s, const struct shmpub_snapshot *snapshot)
{
	size_t size;
	const void *bytes = shmpub_bytes(snapshot, &size);

	if (terminal_is_output())
		return session_say("Arrow bytes are not for a terminal: redirect them");
	out_bytes(&s->out, span_of(bytes, size));
	return EXIT_GOOD;
}

static int cat_rows(struct session *s, const struct shmpub_snapshot *snapshot)
{
	struct table t = { .n_rows = shmpub_rows(snapshot) };
	uint64_t n = s->line->head < t.n_rows ? s->line->head : t.n_rows;

	if (shmpub_verify(snapshot, &s->err) != SHMPUB_OK)
		return session_fail(s);
	t.columns = shmpub_columns(snapshot, &t.n_columns);
	return s->line->format == CAT_JSON ? cat_json(&s->out, &t, n) : cat_csv(&s->out, &t, n);
}

int command_cat(struct session *s)
{
	struct shmpub_snapshot *snapshot;
	int r;

	r = shmpub_acquire(&snapshot, s->reader, s->line->feeds[0], NULL, &s->err);
	if (r)
		return session_fail_feed(s, s->line->feeds[0]);
	r = s->line->format == CAT_ARROW ? cat_arrow(s, snapshot) : cat_rows(s, snapshot);
	shmpub_release(snapshot);
	return r;
}
