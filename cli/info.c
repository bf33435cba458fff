#include "command.h"

#include <stdio.h>
#include "clock.h"
#include "columns/column_type.h"
#include "feed_members.h"
#include "human.h"
#include "info_errors.h"
#include "info_holders.h"
#include "show/align.h"
#include "terminal.h"

/*
 * shmpub info: shows all that is known of one feed: its status words, and the columns of its
 * newest snapshot. Of a feed that was never published it shows what there is, such as its last
 * error, with exit status 1.
 */

#define TYPE_SIZE 80

/* The name of the column's type in pandas. */
static void type_text(char out[TYPE_SIZE], const struct shmpub_column *c)
{
	const struct column_type *type = column_type(c->type);
	char plain[TYPE_SIZE - 16];

	if (type->has_unit)
		(void)snprintf(plain, sizeof(plain), "%s[%s%s%.20s]", type->name,
		               unit_name(c->unit), c->timezone != NULL ? ", " : "",
		               c->timezone != NULL ? c->timezone : "");
	else if (c->kind != SHMPUB_PLAIN)
		(void)snprintf(plain, sizeof(plain), "object (%s)", kind_name(c->kind));
	else
		(void)snprintf(plain, sizeof(plain), "%s", type->name);
	(void)snprintf(out, TYPE_SIZE, c->dictionary != NULL ? "category of %s" : "%s", plain);
}

static void column_rows(struct align *t, const struct shmpub_snapshot *snapshot)
{
	size_t n;
	const struct shmpub_column *columns = shmpub_columns(snapshot, &n);
	char text[TYPE_SIZE];

	t->layout = "llrl";
	align_str(t, "COLUMN");
	align_str(t, "TYPE");
	align_str(t, "NULLS");
	align_str(t, "INDEX");
	for (size_t i = 0; i < n; i++) {
		align_cell(t, columns[i].is_unnamed
		                      ? span_str("(unnamed)")
		                      : span_of(columns[i].name, columns[i].name_size));
		type_text(text, &columns[i]);
		align_str(t, text);
		align_printf(t, "%llu", (unsigned long long)columns[i].null_count);
		if (columns[i].index > 0)
			align_printf(t, "level %d", columns[i].index - 1);
		else
			align_str(t, "");
	}
}

/* --- for people -------------------------------------------------------------------------------- */

static void pair_row(struct align *t, const char *key, const char *value)
{
	align_str(t, key);
	align_str(t, value);
}

static void moment_row(struct align *t, const char *key, int64_t ns, int64_t now_ns)
{
	char when[CLOCK_TEXT_SIZE], age[HUMAN_SIZE];

	clock_text(when, ns);
	human_age(age, now_ns - ns);
	align_str(t, key);
	if (ns != 0)
		align_printf(t, "%s (%s ago)", when, age);
	else
		align_str(t, "-");
}

static void age_row(struct align *t, const char *key, int64_t since_ns, int64_t now_ns)
{
	char age[HUMAN_SIZE] = "-";

	if (since_ns != 0)
		human_age(age, now_ns - since_ns);
	pair_row(t, key, age);
}

static void status_rows(struct align *t, const struct shmpub_feed_info *f, const char *why_gone,
                        int64_t now_ns)
{
	char text[HUMAN_SIZE];

	pair_row(t, "feed", f->name);
	align_str(t, "state");
	if (f->state == SHMPUB_FEED_GONE)
		align_printf(t, "%s (%s)", feed_state(f->state), why_gone);
	else
		align_str(t, feed_state(f->state));
	age_row(t, "age of data", f->sequence > 0 ? feed_data_ns(f) : 0, now_ns);
	age_row(t, "age of look", f->last_attempt_ns, now_ns);
	human_interval(text, f->interval_ms);
	pair_row(t, "interval", text);
	align_str(t, "refreshes");
	align_printf(t, "%llu, of them %llu unchanged, %llu failed",
	             (unsigned long long)f->refreshes, (unsigned long long)f->unchanged,
	             (unsigned long long)f->failures);
	moment_row(t, "last attempt", f->last_attempt_ns, now_ns);
	if (f->n_files > 0) {
		char count[32];

		human_count(count, f->n_files);
		pair_row(t, "files", count);
	}
	if (f->error[0] != '\0')
		pair_row(t, "error", f->error);
}

static void snapshot_rows(struct align *t, const struct shmpub_snapshot *snapshot, uint64_t held,
                          int64_t now_ns)
{
	const struct shmpub_stamp *stamp = shmpub_snapshot_stamp(snapshot);
	char text[32], other[HUMAN_SIZE];
	size_t size;
	const char *source = shmpub_source(snapshot, &size);

	if (size > 0) {
		align_str(t, "source");
		align_cell(t, span_of(source, size));
		moment_row(t, "source changed", stamp->source_mtime_ns, now_ns);
	}
	align_str(t, "sequence");
	align_printf(t, "%llu in epoch %016llx", (unsigned long long)stamp->mark.sequence,
	             (unsigned long long)stamp->mark.epoch);
	moment_row(t, "published", stamp->published_ns, now_ns);
	human_count(text, shmpub_rows(snapshot));
	pair_row(t, "rows", text);
	(void)shmpub_bytes(snapshot, &size);
	human_size(text, size);
	pair_row(t, "size", text);
	human_size(text, stamp->source_size);
	human_span(other, stamp->read_ns);
	align_str(t, "made of");
	align_printf(t, "%s of CSV, read in %s", text, other);
	human_span(other, stamp->parse_ns);
	align_str(t, "parsed in");
	align_printf(t, "%s, %llu rows skipped", other, (unsigned long long)stamp->skipped_rows);
	human_size(text, held);
	pair_row(t, "held by readers", text);
}

static int print(struct session *s, struct align *t)
{
	struct buffer text = BUFFER_NONE;
	int r = align_print(&text, t, 0, &s->err);

	if (r == SHMPUB_OK)
		out_bytes(&s->out, buffer_span(&text));
	align_free(t);
	buffer_free(&text);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}

/* What info tells beside the status and the snapshot. */
struct extras {
	const struct holders *holders; /* NULL: they were not asked for */
	struct info_errors errors;
};

static int show_errors(struct session *s, const struct info_errors *errors, int64_t now_ns)
{
	struct align t = ALIGN_NONE;

	if (errors->n == 0)
		return EXIT_GOOD;
	out_str(&s->out, "\n");
	info_error_rows(&t, errors, now_ns);
	return print(s, &t);
}

static int show_holders(struct session *s, const struct holders *holders)
{
	struct align t = ALIGN_NONE;
	int r;

	if (holders == NULL)
		return EXIT_GOOD;
	out_str(&s->out, "\n");
	info_holder_rows(&t, holders);
	r = print(s, &t);
	if (r == EXIT_GOOD && holders->n_hidden > 0)
		out_printf(&s->out, "%zu processes of other users were not looked at\n",
		           holders->n_hidden);
	return r;
}

static int show(struct session *s, const struct shmpub_feed_info *feed, const char *why_gone,
                const struct shmpub_snapshot *snapshot, const struct extras *extras)
{
	struct align t = ALIGN_NONE;
	int64_t now_ns = clock_now_ns();
	int r;

	t.layout = "ll";
	status_rows(&t, feed, why_gone, now_ns);
	if (snapshot != NULL)
		snapshot_rows(&t, snapshot, feed->held_bytes, now_ns);
	r = print(s, &t);
	if (r == EXIT_GOOD && snapshot != NULL) {
		out_str(&s->out, "\n");
		column_rows(&t, snapshot);
		r = print(s, &t);
	}
	if (r == EXIT_GOOD)
		r = show_errors(s, &extras->errors, now_ns);
	return r ? r : show_holders(s, extras->holders);
}

/* --- for programs ------------------------------------------------------------------------------ */

static void column_object(struct json *j, const struct shmpub_column *c)
{
	char type[TYPE_SIZE];

	type_text(type, c);
	json_open(j, '{');
	json_key(j, span_str("name"));
	if (c->is_unnamed)
		json_null(j);
	else
		json_string(j, span_of(c->name, c->name_size));
	json_member_string(j, "type", span_str(type));
	json_member_uint(j, "nulls", c->null_count);
	json_key(j, span_str("index_level"));
	if (c->index > 0)
		json_int(j, c->index - 1);
	else
		json_null(j);
	json_close(j, '}');
}

static void snapshot_members(struct json *j, const struct shmpub_snapshot *snapshot)
{
	size_t n, size;
	const struct shmpub_column *columns = shmpub_columns(snapshot, &n);
	const char *source = shmpub_source(snapshot, &size);

	json_member_string(j, "source", span_of(source, size));
	json_member_uint(j, "epoch", shmpub_snapshot_stamp(snapshot)->mark.epoch);
	json_key(j, span_str("schema"));
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		column_object(j, &columns[i]);
	json_close(j, ']');
}

static int show_json(struct session *s, const struct shmpub_feed_info *feed, const char *why_gone,
                     const struct shmpub_snapshot *snapshot, const struct extras *extras)
{
	struct buffer text = BUFFER_NONE;
	struct json j = json_to(&text);

	json_open(&j, '{');
	feed_members(&j, feed, why_gone, clock_now_ns());
	if (snapshot != NULL)
		snapshot_members(&j, snapshot);
	info_error_members(&j, &extras->errors);
	if (extras->holders != NULL)
		info_holder_members(&j, extras->holders);
	json_close(&j, '}');
	if (!j.has_failed) {
		out_bytes(&s->out, buffer_span(&text));
		out_str(&s->out, "\n");
	}
	buffer_free(&text);
	return j.has_failed ? session_nomem() : EXIT_GOOD;
}

int command_info(struct session *s)
{
	const char *name = s->line->feeds[0];
	struct shmpub_snapshot *snapshot = NULL;
	struct shmpub_instance_info instance;
	struct shmpub_feed_info feed;
	struct holders holders = HOLDERS_NONE, *asked = s->line->holders ? &holders : NULL;
	struct extras extras = { .holders = asked };
	int r, absent;

	r = shmpub_instance(&instance, s->reader, &s->err);
	if (r == SHMPUB_OK)
		r = shmpub_feed(&feed, s->reader, name, &s->err);
	if (r == SHMPUB_OK)
		r = shmpub_feed_errors(extras.errors.list, &extras.errors.n, s->reader, name,
		                       &s->err);
	if (r == SHMPUB_OK && asked != NULL)
		r = holders_find(asked, instance.instance, name, instance.pid, &s->err);
	if (r) {
		holders_free(&holders);
		return session_fail(s);
	}
	absent = shmpub_acquire(&snapshot, s->reader, name, NULL, &s->err);
	r = s->line->json ? show_json(s, &feed, instance.why_gone, snapshot, &extras)
	                  : show(s, &feed, instance.why_gone, snapshot, &extras);
	shmpub_release(snapshot);
	holders_free(&holders);
	if (absent) {
		out_flush(&s->out);
		return session_fail(s);
	}
	return r;
}
