#include "command.h"

#include "clock.h"
#include "feed_members.h"
#include "feed_table.h"
#include "terminal.h"

/*
 * shmpub ls: prints every feed of the instance, one line each. It succeeds also when the
 * publisher is gone: the table shows that.
 */

static int print_table(struct session *s, const struct feed_list *list)
{
	struct buffer text = BUFFER_NONE;
	char refusal[FEED_REFUSAL_SIZE];
	size_t columns = 0, lines;
	int r;

	if (terminal_is_output())
		terminal_size(&columns, &lines);
	r = feed_table_print(&text, list, clock_now_ns(), columns, &s->err);
	if (r == SHMPUB_OK)
		out_bytes(&s->out, buffer_span(&text));
	feed_list_refusal(refusal, &list->instance, clock_now_ns());
	if (r == SHMPUB_OK && refusal[0] != '\0')
		out_printf(&s->out, "\n%s\n", refusal);
	buffer_free(&text);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}

/*
 * A line is a feed, so what concerns the instance stands in each: when the reload was refused; null:
 * the last one took effect.
 */
static void refusal_members(struct json *j, const struct shmpub_instance_info *info)
{
	json_key(j, span_str("config_refused_ns"));
	if (info->config_result == SHMPUB_CONFIG_BAD)
		json_int(j, info->config_load_ns);
	else
		json_null(j);
}

static int print_json(struct session *s, const struct feed_list *list)
{
	struct buffer text = BUFFER_NONE;
	int64_t now_ns = clock_now_ns();
	bool failed = false;

	for (size_t i = 0; i < list->n && !failed; i++) {
		struct json j = json_to(&text);

		json_open(&j, '{');
		feed_members(&j, &list->items[i], list->instance.why_gone, now_ns);
		refusal_members(&j, &list->instance);
		json_close(&j, '}');
		failed = j.has_failed || buffer_append(&text, span_str("\n"), NULL) != SHMPUB_OK;
	}
	if (!failed)
		out_bytes(&s->out, buffer_span(&text));
	buffer_free(&text);
	return failed ? session_nomem() : EXIT_GOOD;
}

int command_ls(struct session *s)
{
	struct feed_list list = FEED_LIST_NONE;
	int r;

	r = feed_list_read(&list, s->reader, &s->err);
	if (r)
		r = session_fail(s);
	else
		r = s->line->json ? print_json(s, &list) : print_table(s, &list);
	feed_list_free(&list);
	return r;
}
