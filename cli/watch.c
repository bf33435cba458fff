#include "command.h"

#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "clock.h"
#include "feed_list.h"
#include "human.h"

/*
 * shmpub watch: a line for what stands now, then one for every publication, as it comes; and
 * one for each loss and return: of the publisher, of a feed. One sleep serves all feeds: the
 * instance's own wake word. It ends after a second at most, since a publisher that dies wakes
 * nobody. Publications that come faster than lines are written are skipped over, as for
 * every reader; the sequences tell.
 */

#define WAIT_MS 1000 /* lost output is noticed no later, nor a publisher's death */

struct entry {
	char name[SHMPUB_FEED_MAX + 1];
	struct shmpub_mark mark; /* what was printed last */
	uint64_t epoch;          /* in which the feed was listed last */
	bool is_listed;
	bool is_removed;
};

struct seen {
	struct entry *entries;
	size_t n, capacity;
	bool is_gone; /* the publisher, as it was told last */
};

static struct entry *entry_of(struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++) {
		if (strcmp(seen->entries[i].name, name) == 0)
			return &seen->entries[i];
	}
	return NULL;
}

static struct entry *entry_new(struct seen *seen, const char *name)
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

/* `whose`: "instance" or "feed"; reason: NULL where there is nothing to add. */
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

/* --- looking ----------------------------------------------------------------------------------- */

static bool is_wanted(const struct command_line *line, const char *name)
{
	for (size_t i = 0; i < line->n_feeds; i++) {
		if (strcmp(line->feeds[i], name) == 0)
			return true;
	}
	return line->n_feeds == 0;
}

static int see_feed(struct session *s, struct seen *seen, const struct shmpub_feed_info *f,
                    const struct shmpub_instance_info *instance)
{
	struct entry *e = entry_of(seen, f->name);
	int r = EXIT_GOOD;

	if (!is_wanted(s->line, f->name))
		return EXIT_GOOD;
	if (e == NULL)
		e = entry_new(seen, f->name);
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

/* A publisher with another catalog has not removed what it never had. */
static int see_removals(struct session *s, struct seen *seen, uint64_t epoch)
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

static int see_publisher(struct session *s, struct seen *seen, const char *why_gone)
{
	const char *name = s->line->instance != NULL ? s->line->instance : SHMPUB_INSTANCE;
	bool was_gone = seen->is_gone;

	seen->is_gone = why_gone[0] != '\0';
	if (seen->is_gone == was_gone)
		return EXIT_GOOD;
	return seen->is_gone ? print_event(s, "gone", "instance", name, why_gone)
	                     : print_event(s, "returned", "instance", name, NULL);
}

static int see_all(struct session *s, struct seen *seen, const struct feed_list *list)
{
	int r = EXIT_GOOD;

	if (list->instance.why_gone[0] == '\0') /* a return comes before what it brings */
		r = see_publisher(s, seen, "");
	for (size_t i = 0; i < seen->n; i++)
		seen->entries[i].is_listed = false;
	for (size_t i = 0; i < list->n && r == EXIT_GOOD; i++)
		r = see_feed(s, seen, &list->items[i], &list->instance);
	if (r == EXIT_GOOD)
		r = see_removals(s, seen, list->instance.epoch);
	return r ? r : see_publisher(s, seen, list->instance.why_gone);
}

static int look(struct session *s, struct seen *seen, struct feed_list *list)
{
	int r = feed_list_read(list, s->reader, &s->err);

	if (r < 0)
		return session_fail(s);
	r = r == SHMPUB_OK ? see_all(s, seen, list) : see_publisher(s, seen, s->err.message);
	out_flush(&s->out);
	return r;
}

/* Nothing of a table is shown but its sizes, but whoever asks for a closed feed is told that it is. */
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
			r = look(s, &seen, &list);
	}
	mem_free(seen.entries);
	feed_list_free(&list);
	return r;
}
