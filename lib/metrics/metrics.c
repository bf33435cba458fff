#include "metrics/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "reader/feed_list.h"

/*
 * The tables below are all there is to tell: a figure is a row. The instance's name is in the label
 * shmpub_instance, because Prometheus sets the label `instance` itself. By the rule for names, feeds
 * and instances need no escaping.
 */

/* The text, and the first failure to append to it. */
struct text {
	struct buffer *out;
	struct shmpub_error *err;
	int r;
};

static void PRINTF_LIKE(2, 3) put(struct text *t, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!t->r && n > 0)
		t->r = buffer_append(t->out, span_of(line, (size_t)n), t->err);
}

enum unit_of { COUNT, NS, MS };
/* When a figure is left out because it would say nothing. */
enum absent_when { NEVER_ABSENT, ABSENT_IF_ZERO, ABSENT_IF_UNPUBLISHED };

struct metric {
	const char *name, *type, *help;
	size_t offset; /* of a member of 8 bytes in the struct below */
	enum unit_of unit;
	enum absent_when absent;
};

/* A feed, and figures that are computed from it. */
struct feed_figures {
	struct shmpub_feed_info info;
	int64_t data_age_ns, look_age_ns; /* 0: unknown */
};

struct instance_figures {
	struct shmpub_instance_info info;
	int64_t heartbeat_age_ns;
};

static const struct metric instance_metrics[] = {
#define OF(field) offsetof(struct instance_figures, field)
	{ "started_timestamp_seconds", "gauge", "When the publisher started, Unix time.",
	  OF(info.started_ns), NS, NEVER_ABSENT },
	{ "heartbeat_timestamp_seconds", "gauge", "The publisher's last sign of life, Unix time.",
	  OF(info.heartbeat_ns), NS, ABSENT_IF_ZERO },
	{ "heartbeat_age_seconds", "gauge", "Time since the publisher's last sign of life.",
	  OF(heartbeat_age_ns), NS, ABSENT_IF_ZERO },
	{ "heartbeat_interval_seconds", "gauge", "Time within which the next one is promised.",
	  OF(info.heartbeat_interval_ms), MS, ABSENT_IF_ZERO },
	{ "feeds", "gauge", "Feeds of the instance.", OF(info.n_feeds), COUNT, NEVER_ABSENT },
	{ "feeds_limit", "gauge", "Feeds that the instance has room for.", OF(info.max_feeds),
	  COUNT, NEVER_ABSENT },
	{ "segment_bytes", "gauge", "Shared memory in snapshots, spares and replaced snapshots.",
	  OF(info.segment_bytes), COUNT, NEVER_ABSENT },
	{ "segment_limit_bytes", "gauge", "Bound of that memory; absent where there is none.",
	  OF(info.max_bytes), COUNT, ABSENT_IF_ZERO },
	{ "held_bytes", "gauge", "Memory of replaced snapshots that readers hold.",
	  OF(info.held_bytes), COUNT, NEVER_ABSENT },
	{ "resident_memory_bytes", "gauge", "Resident memory of the publisher's process.",
	  OF(info.resident_bytes), COUNT, ABSENT_IF_ZERO },
	{ "config_reloads_total", "counter",
	  "Attempts to load the configuration, the one at the start among them.",
	  OF(info.config_loads), COUNT, ABSENT_IF_ZERO },
	{ "config_last_reload_timestamp_seconds", "gauge", "When the last attempt was, Unix time.",
	  OF(info.config_load_ns), NS, ABSENT_IF_ZERO },
	{ "config_last_reload_success_timestamp_seconds", "gauge",
	  "When the configuration that is in force was loaded, Unix time.", OF(info.config_good_ns),
	  NS, ABSENT_IF_ZERO },
#undef OF
};

static const struct metric feed_metrics[] = {
#define OF(field) offsetof(struct feed_figures, field)
	{ "sequence", "gauge", "Sequence of the newest snapshot; 0: none yet.", OF(info.sequence),
	  COUNT, NEVER_ABSENT },
	{ "rows", "gauge", "Rows of the newest snapshot.", OF(info.rows), COUNT,
	  ABSENT_IF_UNPUBLISHED },
	{ "columns", "gauge", "Columns of the newest snapshot.", OF(info.columns), COUNT,
	  ABSENT_IF_UNPUBLISHED },
	{ "bytes", "gauge", "Shared memory of the newest snapshot.", OF(info.size), COUNT,
	  ABSENT_IF_UNPUBLISHED },
	{ "data_age_seconds", "gauge",
	  "Age of the data: since its source was modified, or else since it was published.",
	  OF(data_age_ns), NS, ABSENT_IF_UNPUBLISHED },
	{ "look_age_seconds", "gauge", "Time since the publisher last looked at the source.",
	  OF(look_age_ns), NS, ABSENT_IF_ZERO },
	{ "published_timestamp_seconds", "gauge",
	  "When the newest snapshot was published, Unix time.", OF(info.published_ns), NS,
	  ABSENT_IF_UNPUBLISHED },
	{ "source_modified_timestamp_seconds", "gauge",
	  "When its source was modified, Unix time; absent where that is unknown.",
	  OF(info.source_mtime_ns), NS, ABSENT_IF_ZERO },
	{ "last_attempt_timestamp_seconds", "gauge",
	  "When the publisher last looked at the source, Unix time.", OF(info.last_attempt_ns), NS,
	  ABSENT_IF_ZERO },
	{ "source_bytes", "gauge", "Bytes of CSV that it was made of.", OF(info.source_size), COUNT,
	  ABSENT_IF_UNPUBLISHED },
	{ "read_seconds", "gauge", "How long reading them took.", OF(info.read_ns), NS,
	  ABSENT_IF_UNPUBLISHED },
	{ "parse_seconds", "gauge", "How long parsing them took.", OF(info.parse_ns), NS,
	  ABSENT_IF_UNPUBLISHED },
	{ "files", "gauge", "Files of the pattern that is the source; absent where it is none.",
	  OF(info.n_files), COUNT, ABSENT_IF_ZERO },
	{ "skipped_rows", "gauge", "Rows left out as bad lines.", OF(info.skipped_rows), COUNT,
	  ABSENT_IF_UNPUBLISHED },
	{ "refreshes_total", "counter", "Attempts to refresh.", OF(info.refreshes), COUNT,
	  NEVER_ABSENT },
	{ "unchanged_total", "counter", "Attempts that found nothing new.", OF(info.unchanged),
	  COUNT, NEVER_ABSENT },
	{ "failures_total", "counter", "Attempts that failed.", OF(info.failures), COUNT,
	  NEVER_ABSENT },
	{ "consecutive_failures", "gauge", "Failures since the last success.",
	  OF(info.consecutive_failures), COUNT, NEVER_ABSENT },
	{ "interval_seconds", "gauge", "Interval of the timer; absent where there is none.",
	  OF(info.interval_ms), MS, ABSENT_IF_ZERO },
	{ "held_bytes", "gauge", "Memory of replaced snapshots that readers hold.",
	  OF(info.held_bytes), COUNT, NEVER_ABSENT },
#undef OF
};

static void put_head(struct text *t, const char *prefix, const char *name, const char *type,
                     const char *help)
{
	put(t, "# HELP shmpub_%s%s %s\n# TYPE shmpub_%s%s %s\n", prefix, name, help, prefix, name,
	    type);
}

static void put_value(struct text *t, uint64_t value, enum unit_of unit)
{
	int64_t time = (int64_t)value; /* negative: some files are from before 1970 */
	uint64_t size = time < 0 ? 0 - value : value;

	if (unit == NS)
		put(t, "%s%" PRIu64 ".%09" PRIu64 "\n", time < 0 ? "-" : "", size / 1000000000,
		    size % 1000000000);
	else if (unit == MS)
		put(t, "%" PRIu64 ".%03" PRIu64 "\n", value / 1000, value % 1000);
	else
		put(t, "%" PRIu64 "\n", value);
}

static uint64_t value_of(const void *figures, const struct metric *m)
{
	uint64_t value;

	memcpy(&value, (const char *)figures + m->offset, sizeof(value));
	return value;
}

/* --- the instance ------------------------------------------------------------------------------ */

static void put_up(struct text *t, const char *instance, bool is_up)
{
	put_head(t, "", "up", "gauge", "1 when the instance's publisher is alive.");
	put(t, "shmpub_up{shmpub_instance=\"%s\"} %d\n", instance, is_up);
}

static int64_t age_ns(int64_t since_ns, int64_t now_ns)
{
	/* never 0, which means none; clocks may differ */
	return since_ns < now_ns ? now_ns - since_ns : 1;
}

static void put_instance(struct text *t, const char *name, const struct shmpub_instance_info *info,
                         int64_t now_ns)
{
	struct instance_figures f = { .info = *info };

	f.heartbeat_age_ns = info->heartbeat_ns != 0 ? age_ns(info->heartbeat_ns, now_ns) : 0;
	for (size_t i = 0; i < ARRAY_LEN(instance_metrics); i++) {
		const struct metric *m = &instance_metrics[i];
		uint64_t value = value_of(&f, m);

		if (m->absent == ABSENT_IF_ZERO && value == 0)
			continue;
		put_head(t, "", m->name, m->type, m->help);
		put(t, "shmpub_%s{shmpub_instance=\"%s\"} ", m->name, name);
		put_value(t, value, m->unit);
	}
	if (info->config_result == SHMPUB_CONFIG_NONE)
		return;
	put_head(t, "", "config_last_reload_successful", "gauge",
	         "1 when the last attempt to load the configuration took effect.");
	put(t, "shmpub_config_last_reload_successful{shmpub_instance=\"%s\"} %d\n", name,
	    info->config_result == SHMPUB_CONFIG_GOOD);
}

/* --- feeds ------------------------------------------------------------------------------------- */

static void put_states(struct text *t, const char *instance, const struct feed_list *list)
{
	static const enum shmpub_feed_state states[] = { SHMPUB_FEED_NEVER, SHMPUB_FEED_FRESH,
		                                         SHMPUB_FEED_STALE, SHMPUB_FEED_FAILING,
		                                         SHMPUB_FEED_GONE };

	put_head(t, "feed_", "state", "gauge", "1 for the state that the feed is in.");
	for (size_t i = 0; i < list->n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(states); k++)
			put(t,
			    "shmpub_feed_state{shmpub_instance=\"%s\",feed=\"%s\","
			    "state=\"%s\"} %d\n",
			    instance, list->items[i].name, feed_state(states[k]),
			    list->items[i].state == states[k]);
	}
}

static void put_feed(struct text *t, const struct metric *m, const char *instance,
                     const struct shmpub_feed_info *feed, int64_t now_ns)
{
	struct feed_figures f = { .info = *feed };
	uint64_t value;

	f.data_age_ns = age_ns(feed_data_ns(feed), now_ns);
	f.look_age_ns = feed->last_attempt_ns != 0 ? age_ns(feed->last_attempt_ns, now_ns) : 0;
	value = value_of(&f, m);
	if ((m->absent == ABSENT_IF_ZERO && value == 0) ||
	    (m->absent == ABSENT_IF_UNPUBLISHED && feed->sequence == 0))
		return;
	put(t, "shmpub_feed_%s{shmpub_instance=\"%s\",feed=\"%s\"} ", m->name, instance,
	    feed->name);
	put_value(t, value, m->unit);
}

static void put_feeds(struct text *t, const char *instance, const struct feed_list *list,
                      int64_t now_ns)
{
	put_states(t, instance, list);
	for (size_t i = 0; i < ARRAY_LEN(feed_metrics); i++) {
		const struct metric *m = &feed_metrics[i];

		put_head(t, "feed_", m->name, m->type, m->help);
		for (size_t k = 0; k < list->n; k++)
			put_feed(t, m, instance, &list->items[k], now_ns);
	}
}

int metrics_append(struct buffer *out, struct shmpub_reader *reader, const char *instance,
                   int64_t now_ns, struct shmpub_error *err)
{
	struct text t = { out, err, SHMPUB_OK };
	struct feed_list list = FEED_LIST_NONE;
	int r = feed_list_read(&list, reader, err);

	if (r >= 0) {
		put_up(&t, instance, r == SHMPUB_OK && list.instance.why_gone[0] == '\0');
		if (r == SHMPUB_OK) {
			put_instance(&t, instance, &list.instance, now_ns);
			put_feeds(&t, instance, &list, now_ns);
		}
		r = t.r;
	}
	feed_list_free(&list);
	return r;
}

int metrics_append_down(struct buffer *out, const char *instance, struct shmpub_error *err)
{
	struct text t = { out, err, SHMPUB_OK };

	put_up(&t, instance, false);
	return t.r;
}
