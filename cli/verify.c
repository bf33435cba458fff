#include "command.h"

#include <stdio.h>
#include "reader/feed_list.h"
#include "human.h"
#include "show/width.h"

/*
 * shmpub verify: checks the place of every buffer and every byte that a reader would follow,
 * and prints one line per feed. A feed that was never published is bad, whether it was named or
 * not. Tables of a publisher that is gone are as good as before: that it is gone is only told.
 */

static int print_verdict(struct session *s, const char *feed, const char *line)
{
	struct buffer text = BUFFER_NONE;

	if (width_printable(&text, span_str(line), NULL) == SHMPUB_OK) {
		out_printf(&s->out, "%s: ", feed);
		out_bytes(&s->out, buffer_span(&text));
		out_str(&s->out, "\n");
	}
	buffer_free(&text);
	return EXIT_BAD;
}

static int verify_feed(struct session *s, const char *feed)
{
	struct shmpub_snapshot *snapshot;
	char size_text[HUMAN_SIZE];
	size_t size, n_columns;
	int r;

	r = shmpub_acquire(&snapshot, s->reader, feed, NULL, &s->err);
	if (r == SHMPUB_ABSENT)
		return print_verdict(s, feed, "was never published");
	if (r == SHMPUB_ERR_ACCESS) {
		(void)print_verdict(s, feed, "not verified: permission denied");
		return session_fail(s);
	}
	if (r == SHMPUB_OK)
		r = shmpub_verify(snapshot, &s->err);
	if (r) {
		shmpub_release(snapshot);
		return r > 0 ? session_fail_feed(s, feed) : print_verdict(s, feed, s->err.message);
	}
	(void)shmpub_bytes(snapshot, &size);
	(void)shmpub_columns(snapshot, &n_columns);
	human_size(size_text, size);
	out_printf(&s->out, "%s: good, sequence %llu, %llu rows, %zu columns, %s\n", feed,
	           (unsigned long long)shmpub_snapshot_stamp(snapshot)->mark.sequence,
	           (unsigned long long)shmpub_rows(snapshot), n_columns, size_text);
	shmpub_release(snapshot);
	return EXIT_GOOD;
}

/* Printed on standard error, because standard output has the verdicts on tables. */
static void print_gone(const struct shmpub_instance_info *instance)
{
	char line[SHMPUB_FEED_MAX + SHMPUB_WHY_SIZE + 48];

	if (instance->why_gone[0] == '\0')
		return;
	(void)snprintf(line, sizeof(line), "the publisher of instance %s is gone: %s",
	               instance->instance, instance->why_gone);
	(void)session_say(line);
}

int command_verify(struct session *s)
{
	struct feed_list list = FEED_LIST_NONE;
	struct shmpub_instance_info instance;
	int r = EXIT_GOOD;

	if (shmpub_instance(&instance, s->reader, &s->err) != SHMPUB_OK)
		return session_fail(s);
	print_gone(&instance);
	for (size_t i = 0; i < s->line->n_feeds; i++)
		r |= verify_feed(s, s->line->feeds[i]);
	if (s->line->n_feeds > 0)
		return r;
	if (feed_list_read(&list, s->reader, &s->err) != SHMPUB_OK)
		r = session_fail(s);
	for (size_t i = 0; i < list.n && !out_is_over(&s->out); i++)
		r |= verify_feed(s, list.items[i].name);
	feed_list_free(&list);
	return r;
}
