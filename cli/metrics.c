#include "command.h"

#include <inttypes.h>
#include <stddef.h>
#include "feed_list.h"

/*
 * shmpub metrics: the instance and its feeds in Prometheus' text format, for the
 * textfile collector. Names of feeds and instances need no escaping by their rule. An
 * instance that is not there is `shmpub_up 0`, and status 1.
 */

enum unit_of { COUNT, NS, MS };

static const struct metric {
	const char *name, *type, *help;
	size_t offset; /* in struct shmpub_feed_info, 8 bytes there */
	enum unit_of unit;
	bool is_of_snapshot; /* left out while there is none */
} metrics[] = {
#define OF(field) offsetof(struct shmpub_feed_info, field)
	{ "sequence", "counter", "sequence of the newest snapshot", OF(sequence), COUNT, false },
	{ "rows", "gauge", "rows of the newest snapshot", OF(rows), COUNT, true },
	{ "columns", "gauge", "columns of the newest snapshot", OF(columns), COUNT, true },
	{ "bytes", "gauge", "shared memory of the newest snapshot", OF(size), COUNT, true },
	{ "published_seconds", "gauge", "when the newest snapshot was published, Unix time",
	  OF(published_ns), NS, true },
	{ "source_modified_seconds", "gauge", "when its source was modified, Unix time; 0: unknown",
	  OF(source_mtime_ns), NS, true },
	{ "source_bytes", "gauge", "CSV bytes it was made of", OF(source_size), COUNT, true },
	{ "read_seconds", "gauge", "how long reading them took", OF(read_ns), NS, true },
	{ "parse_seconds", "gauge", "how long parsing them took", OF(parse_ns), NS, true },
	{ "skipped_rows", "gauge", "rows left out as bad lines", OF(skipped_rows), COUNT, true },
	{ "refreshes_total", "counter", "attempts to refresh", OF(refreshes), COUNT, false },
	{ "unchanged_total", "counter", "attempts that found nothing new", OF(unchanged), COUNT,
	  false },
	{ "failures_total", "counter", "attempts that failed", OF(failures), COUNT, false },
	{ "consecutive_failures", "gauge", "failures since the last success",
	  OF(consecutive_failures), COUNT, false },
	{ "last_attempt_seconds", "gauge", "when the last attempt was, Unix time",
	  OF(last_attempt_ns), NS, false },
	{ "interval_seconds", "gauge", "interval of the timer; 0: none", OF(interval_ms), MS,
	  false },
	{ "held_bytes", "gauge", "memory of replaced snapshots that readers hold", OF(held_bytes),
	  COUNT, false },
#undef OF
};

static void put_value(struct out *o, uint64_t value, enum unit_of unit)
{
	if (unit == NS)
		out_printf(o, "%" PRIu64 ".%09" PRIu64 "\n", value / 1000000000,
		           value % 1000000000);
	else if (unit == MS)
		out_printf(o, "%" PRIu64 ".%03" PRIu64 "\n", value / 1000, value % 1000);
	else
		out_printf(o, "%" PRIu64 "\n", value);
}

static void put_metric(struct out *o, const struct metric *m, const char *instance,
                       const struct feed_list *list)
{
	out_printf(o, "# HELP shmpub_feed_%s %s\n# TYPE shmpub_feed_%s %s\n", m->name, m->help,
	           m->name, m->type);
	for (size_t i = 0; i < list->n; i++) {
		const struct shmpub_feed_info *f = &list->items[i];
		uint64_t value;

		if (m->is_of_snapshot && f->sequence == 0)
			continue;
		memcpy(&value, (const char *)f + m->offset, sizeof(value));
		out_printf(o, "shmpub_feed_%s{instance=\"%s\",feed=\"%s\"} ", m->name, instance,
		           f->name);
		put_value(o, value, m->unit);
	}
}

static void put_states(struct out *o, const char *instance, const struct feed_list *list)
{
	out_str(o, "# HELP shmpub_feed_state 1 for the state that the feed is in\n"
	           "# TYPE shmpub_feed_state gauge\n");
	for (size_t i = 0; i < list->n; i++) {
		for (int state = SHMPUB_FEED_NEVER; state <= SHMPUB_FEED_FAILING; state++)
			out_printf(
			        o,
			        "shmpub_feed_state{instance=\"%s\",feed=\"%s\",state=\"%s\"} %d\n",
			        instance, list->items[i].name,
			        feed_state((enum shmpub_feed_state)state),
			        (int)list->items[i].state == state);
	}
}

static void put_gauge(struct out *o, const char *instance, const char *name, const char *help,
                      uint64_t value, enum unit_of unit)
{
	out_printf(o, "# HELP shmpub_%s %s\n# TYPE shmpub_%s gauge\nshmpub_%s{instance=\"%s\"} ",
	           name, help, name, name, instance);
	put_value(o, value, unit);
}

static void put_instance(struct out *o, const char *name, const struct shmpub_instance_info *i)
{
	put_gauge(o, name, "feeds", "feeds of the instance", i->n_feeds, COUNT);
	put_gauge(o, name, "segment_bytes", "shared memory in snapshots and spares",
	          i->segment_bytes, COUNT);
	put_gauge(o, name, "held_bytes", "memory of replaced snapshots that readers hold",
	          i->held_bytes, COUNT);
	put_gauge(o, name, "started_seconds", "when the publisher started, Unix time",
	          (uint64_t)i->started_ns, NS);
	put_gauge(o, name, "heartbeat_seconds", "when it last said so, Unix time; 0: not promised",
	          (uint64_t)i->heartbeat_ns, NS);
}

int command_metrics(struct session *s)
{
	const char *name = s->line->instance != NULL ? s->line->instance : SHMPUB_INSTANCE;
	struct feed_list list = FEED_LIST_NONE;
	struct shmpub_instance_info info;
	bool is_up;
	int r;

	r = shmpub_instance(&info, s->reader, &s->err);
	if (r < 0)
		return session_fail(s);
	is_up = r == SHMPUB_OK && info.state != SHMPUB_STOPPED;
	put_gauge(&s->out, name, "up", "a publisher stands behind the instance", is_up, COUNT);
	if (r)
		return session_fail(s);
	r = feed_list_read(&list, s->reader, &s->err);
	if (r == SHMPUB_OK) {
		put_instance(&s->out, name, &info);
		put_states(&s->out, name, &list);
		for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
			put_metric(&s->out, &metrics[i], name, &list);
	}
	feed_list_free(&list);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}
