#include "command.h"

#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "clock.h"
#include "feed_members.h"
#include "human.h"

/*
 * shmpub watch: prints a line for each published feed, then one for every publication as it
 * comes, and one when the publisher or a feed goes or returns. It waits for all feeds at once,
 * by the instance's own wake word, and for a second at most, because a publisher that dies
 * wakes nobody. Publications that come faster than lines are written are skipped, as by every
 * reader; the sequences show that.
 */

#define WAIT_MS 1000 /* a closed output or a dead publisher is noticed within it */

struct entry {
	char name[SHMPUB_FEED_MAX + 1];
	struct shmpub_mark mark; /* the publication that was printed last */
	uint64_t epoch;          /* the epoch in which the feed was listed last */
	bool is_listed;
	bool is_removed;
};

struct seen {
	struct entry *entries;
	size_t n, capacity;
	bool is_gone; /* the last line about the publisher said that it is gone */
};

static struct entry *find_entry(struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++) {
		if (strcmp(seen->entries[i].name, name) == 0)
			return &seen->entries[i];
	}
	return NULL;
}

static struct entry *add_entry(struct seen *seen, const char *name)
{
	size_t capacity = seen->capacity > 0 ? seen->capacity * 2 : 16;
	void *entries;

	if (seen->n == seen->capacity) {
		entries = mem_resize(seen->entries, capacity * sizeof(*seen->entries));
		if (entries == NULL)
			return NULL;
		seen->entries = entries;
		seen->capacity = capacity;
	}
	seen->entries[seen->n] = (struct entry){ 0 };
	memcpy(seen->entries[seen->n].name, name, strlen(name) + 1);
	return &seen->entries[seen->n++];
}

/* --- lines ------------------------------------------------------------------------------------- */

static int put_json(struct out *o, struct buffer *text, const struct json *j)
{
	if (!j->has_failed) {
		out_bytes(o, buffer_span(text));
		out_str(o, "\n");
	}
	buffer_free(text);
	return j->has_failed ? session_nomem() : EXIT_GOOD;
}

static void publication_text(struct out *o, const struct shmpub_feed_info *f)
{
	char when[CLOCK_TEXT_SIZE], rows[32], columns[32], size[HUMAN_SIZE], took[HUMAN_SIZE];

	clock_text(when, f->published_ns);
	human_count(rows, f->rows);
	human_count(columns, f->columns);
	human_size(size, f->size);
	human_span(took, f->read_ns + f->parse_ns);
	out_printf(o, "%s %s %llu: %s rows, %s columns, %s, made in %s\n", when, f->name,
	           (unsigned long long)f->sequence, rows, columns, size, took);
}

static int print_publication(struct session *s, const struct shmpub_feed_info *f,
                             const struct shmpub_instance_info *instance)
{
	struct buffer text = BUFFER_NONE;
	struct json j = json_to(&text);

	if (!s->line->json) {
		publication_text(&s->out, f);
		return EXIT_GOOD;
	}
	json_open(&j, '{');
	json_member_string(&j, "event", span_str("published"));
	json_member_uint(&j, "epoch", instance->epoch);
	feed_members(&j, f, instance->why_gone, clock_now_ns());
	json_close(&j, '}');
	return put_json(&s->out, &text, &j);
}

/* `whose`: "instance" or "feed", of which `name` is one. `reason` may be NULL. */
static int print_event(struct session *s, const char *event, const char *whose, const char *name,
                       const char *reason)
{
	struct buffer text = BUFFER_NONE;
	struct json j = json_to(&text);
	char when[CLOCK_TEXT_SIZE];

	if (!s->line->json) {
		clock_text(when, clock_now_ns());
		out_printf(&s->out, "%s %s%s: %s%s%s\n", when,
		           strcmp(whose, "instance") == 0 ? "instance " : "", name, event,
		           reason != NULL ? ": " : "", reason != NULL ? reason : "");
		return EXIT_GOOD;
	}
	json_open(&j, '{');
	json_member_string(&j, "event", span_str(event));
	json_member_string(&j, whose, span_str(name));
	json_member_int(&j, "time_ns", clock_now_ns());
	if (reason != NULL)
		json_member_string(&j, "reason", span_str(reason));
	json_close(&j, '}');
	return put_json(&s->out, &text, &j);
}

/* --- what has changed -------------------------------------------------------------------------- */

static bool is_wanted(const struct command_line *line, const char *name)
{
	for (size_t i = 0; i < line->n_feeds; i++) {
		if (strcmp(line->feeds[i], name) == 0)
			return true;
	}
	return line->n_feeds == 0;
}

static int report_feed(struct session *s, struct seen *seen, const struct shmpub_feed_info *f,
                       const struct shmpub_instance_info *instance)
{
	struct entry *e = find_entry(seen, f->name);
	int r = EXIT_GOOD;

	if (!is_wanted(s->line, f->name))
		return EXIT_GOOD;
	if (e == NULL)
		e = add_entry(seen, f->name);
	if (e == NULL)
		return session_nomem();
	if (e->is_removed)
		r = print_event(s, "returned", "feed", e->name, NULL);
	e->is_removed = false;
	e->is_listed = true;
	e->epoch = instance->epoch;
	if (r || f->sequence == 0 ||
	    (e->mark.epoch == instance->epoch && f->sequence <= e->mark.sequence))
		return r;
	e->mark = (struct shmpub_mark){ .epoch = instance->epoch, .sequence = f->sequence };
	return print_publication(s, f, instance);
}

/*
 * Prints feeds that are gone. In another epoch the catalog is new, and a feed that was never in
 * it has not been removed.
 */
static int report_removals(struct session *s, struct seen *seen, uint64_t epoch)
{
	int r = EXIT_GOOD;

	for (size_t i = 0; i < seen->n && r == EXIT_GOOD; i++) {
		struct entry *e = &seen->entries[i];

		if (e->is_listed || e->is_removed || e->epoch != epoch)
			continue;
		e->is_removed = true;
		r = print_event(s, "removed", "feed", e->name, NULL);
	}
	return r;
}

static int report_publisher(struct session *s, struct seen *seen, const char *why_gone)
{
	const char *name = s->line->instance != NULL ? s->line->instance : SHMPUB_INSTANCE;
	bool was_gone = seen->is_gone;

	seen->is_gone = why_gone[0] != '\0';
	if (seen->is_gone == was_gone)
		return EXIT_GOOD;
	return seen->is_gone ? print_event(s, "gone", "instance", name, why_gone)
	                     : print_event(s, "returned", "instance", name, NULL);
}

static int report_changes(struct session *s, struct seen *seen, const struct feed_list *list)
{
	int r = EXIT_GOOD;

	if (list->instance.why_gone[0] == '\0') /* its return is printed before its feeds */
		r = report_publisher(s, seen, "");
	for (size_t i = 0; i < seen->n; i++)
		seen->entries[i].is_listed = false;
	for (size_t i = 0; i < list->n && r == EXIT_GOOD; i++)
		r = report_feed(s, seen, &list->items[i], &list->instance);
	if (r == EXIT_GOOD)
		r = report_removals(s, seen, list->instance.epoch);
	return r ? r : report_publisher(s, seen, list->instance.why_gone);
}

static int read_and_report(struct session *s, struct seen *seen, struct feed_list *list)
{
	int r = feed_list_read(list, s->reader, &s->err);

	if (r < 0)
		return session_fail(s);
	r = r == SHMPUB_OK ? report_changes(s, seen, list)
	                   : report_publisher(s, seen, s->err.message);
	out_flush(&s->out);
	return r;
}

/*
 * Checks that the named feeds exist and may be read. The lines show nothing of a table but its
 * sizes, but whoever names a feed that is closed to them should learn that.
 */
static int check_names(struct session *s)
{
	struct shmpub_snapshot *snapshot;
	struct shmpub_instance_info instance;

	if (shmpub_instance(&instance, s->reader, &s->err) != SHMPUB_OK)
		return session_fail(s);
	for (size_t i = 0; i < s->line->n_feeds; i++) {
		const char *name = s->line->feeds[i];
		int r = shmpub_acquire(&snapshot, s->reader, name, NULL, &s->err);

		shmpub_release(snapshot);
		if (r == SHMPUB_NO_FEED || r == SHMPUB_ERR_ACCESS || r == SHMPUB_ERR_INVALID)
			return session_fail_feed(s, name);
	}
	return EXIT_GOOD;
}

int command_watch(struct session *s)
{
	struct feed_list list = FEED_LIST_NONE;
	struct seen seen = { 0 };
	uint64_t change = 0;
	int r;

	r = check_names(s);
	while (r == EXIT_GOOD && !out_is_over(&s->out)) {
		if (shmpub_wait_any(s->reader, &change, WAIT_MS, &s->err) < 0)
			r = session_fail(s);
		else
			r = read_and_report(s, &seen, &list);
	}
	mem_free(seen.entries);
	feed_list_free(&list);
	return r;
}
