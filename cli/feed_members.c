#include "feed_members.h"

#include <stdio.h>
#include "human.h"

/* The members are the same wherever a command prints a feed as JSON. */

void feed_trouble(char out[FEED_TROUBLE_SIZE], const struct shmpub_feed_info *feed,
                  const char *why_gone)
{
	if (feed->state != SHMPUB_FEED_GONE)
		(void)snprintf(out, FEED_TROUBLE_SIZE, "%s", feed->error);
	else if (feed->error[0] == '\0')
		(void)snprintf(out, FEED_TROUBLE_SIZE, "publisher gone: %s", why_gone);
	else
		(void)snprintf(out, FEED_TROUBLE_SIZE, "publisher gone: %s; last error: %s",
		               why_gone, feed->error);
}

void feed_list_refusal(char out[FEED_REFUSAL_SIZE], const struct shmpub_instance_info *info,
                       int64_t now_ns)
{
	char refused[HUMAN_SIZE], loaded[HUMAN_SIZE];

	out[0] = '\0';
	if (info->config_result != SHMPUB_CONFIG_BAD || info->why_gone[0] != '\0')
		return;
	human_age(refused, now_ns - info->config_load_ns);
	human_age(loaded, now_ns - info->config_good_ns);
	(void)snprintf(out, FEED_REFUSAL_SIZE,
	               "the configuration was refused %s ago, and the one of %s ago stays in "
	               "force: the log of the daemon has the reason, and so has shmpubd --check",
	               refused, loaded);
}

/* Writes the seconds since `since_ns`, or null when that is 0. */
static void age_member(struct json *j, const char *key, int64_t since_ns, int64_t now_ns)
{
	char text[32];

	json_key(j, span_str(key));
	if (since_ns == 0) {
		json_null(j);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.3f", (double)(now_ns - since_ns) / 1e9);
	json_plain(j, span_str(text));
}

void feed_members(struct json *j, const struct shmpub_feed_info *f, const char *why_gone,
                  int64_t now_ns)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {
		{ "sequence", f->sequence },
		{ "rows", f->rows },
		{ "columns", f->columns },
		{ "bytes", f->size },
		{ "interval_ms", f->interval_ms },
		{ "refreshes", f->refreshes },
		{ "unchanged", f->unchanged },
		{ "failures", f->failures },
		{ "consecutive_failures", f->consecutive_failures },
		{ "held_bytes", f->held_bytes },
		{ "source_bytes", f->source_size },
		{ "skipped_rows", f->skipped_rows },
		{ "read_ns", f->read_ns },
		{ "parse_ns", f->parse_ns },
		{ "files", f->n_files },
	};

	json_member_string(j, "feed", span_str(f->name));
	json_member_string(j, "state", span_str(feed_state(f->state)));
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		json_member_uint(j, counts[i].key, counts[i].value);
	json_member_int(j, "published_ns", f->published_ns);
	json_member_int(j, "source_mtime_ns", f->source_mtime_ns);
	json_member_int(j, "last_attempt_ns", f->last_attempt_ns);
	age_member(j, "age_s", f->sequence > 0 ? feed_data_ns(f) : 0, now_ns);
	age_member(j, "look_age_s", f->last_attempt_ns, now_ns);
	json_member_string(j, "error", span_str(f->error));
	json_key(j, span_str("gone"));
	if (f->state == SHMPUB_FEED_GONE)
		json_string(j, span_str(why_gone));
	else
		json_null(j);
}
