#include "command.h"

#include <stdio.h>
#include <string.h>
#include "base/alloc.h"
#include "clock.h"
#include "feed_list.h"
#include "human.h"

/*
 * shmpub watch: a line for what stands now, then one for every publication, as it comes.
 * One sleep serves all feeds: the instance's own wake word. Publications that come faster
 * than lines are written are skipped over, as for every reader; the sequences tell.
 */

#define WAIT_MS 1000 /* lost output is noticed no later */

struct seen {
	struct shmpub_mark *marks; /* beside names, one each */
	char (*names)[SHMPUB_FEED_MAX + 1];
	size_t n, capacity;
};

static struct shmpub_mark *mark_of(struct seen *seen, const char *name)
{
	for (size_t i = 0; i < seen->n; i++) {
		if (strcmp(seen->names[i], name) == 0)
			return &seen->marks[i];
	}
	return NULL;
}

static struct shmpub_mark *mark_new(struct seen *seen, const char *name)
{
	size_t capacity = seen->capacity > 0 ? seen->capacity * 2 : 16;
	void *names, *marks;

	if (seen->n == seen->capacity) {
		names = mem_resize(seen->names, capacity * sizeof(*seen->names));
		if (names == NULL)
			return NULL;
		seen->names = names;
		marks = mem_resize(seen->marks, capacity * sizeof(*seen->marks));
		if (marks == NULL)
			return NULL;
		seen->marks = marks;
		seen->capacity = capacity;
	}
	memcpy(seen->names[seen->n], name, strlen(name) + 1);
	seen->marks[seen->n] = (struct shmpub_mark){ 0 };
	return &seen->marks[seen->n++];
}

static void print_text(struct out *o, const struct shmpub_feed_info *f)
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

static int print_json(struct out *o, const struct shmpub_feed_info *f, uint64_t epoch)
{
	struct buffer text = BUFFER_NONE;
	struct json j = json_to(&text);

	json_open(&j, '{');
	json_member_uint(&j, "epoch", epoch);
	feed_members(&j, f, clock_now_ns());
	json_close(&j, '}');
	if (!j.has_failed) {
		out_bytes(o, buffer_span(&text));
		out_str(o, "\n");
	}
	buffer_free(&text);
	return j.has_failed ? session_nomem() : EXIT_GOOD;
}

static bool is_wanted(const struct command_line *line, const char *name)
{
	for (size_t i = 0; i < line->n_feeds; i++) {
		if (strcmp(line->feeds[i], name) == 0)
			return true;
	}
	return line->n_feeds == 0;
}

static int print_news(struct session *s, struct seen *seen, const struct shmpub_feed_info *f,
                      uint64_t epoch)
{
	struct shmpub_mark *mark = mark_of(seen, f->name);

	if (f->sequence == 0 || !is_wanted(s->line, f->name))
		return EXIT_GOOD;
	if (mark == NULL)
		mark = mark_new(seen, f->name);
	if (mark == NULL)
		return session_nomem();
	if (mark->epoch == epoch && f->sequence <= mark->sequence)
		return EXIT_GOOD;
	*mark = (struct shmpub_mark){ .epoch = epoch, .sequence = f->sequence };
	if (s->line->json)
		return print_json(&s->out, f, epoch);
	print_text(&s->out, f);
	return EXIT_GOOD;
}

static int look(struct session *s, struct seen *seen, struct feed_list *list)
{
	struct shmpub_instance_info instance;
	int r;

	r = shmpub_instance(&instance, s->reader, &s->err);
	if (r == SHMPUB_OK)
		r = feed_list_read(list, s->reader, &s->err);
	if (r == SHMPUB_NO_INSTANCE)
		return EXIT_GOOD; /* replaced, or gone for a while */
	if (r)
		return session_fail(s);
	for (size_t i = 0; i < list->n && r == EXIT_GOOD; i++)
		r = print_news(s, seen, &list->items[i], instance.epoch);
	out_flush(&s->out);
	return r;
}

static int check_names(struct session *s)
{
	struct shmpub_feed_info feed;
	struct shmpub_instance_info instance;

	if (shmpub_instance(&instance, s->reader, &s->err) != SHMPUB_OK)
		return session_fail(s);
	for (size_t i = 0; i < s->line->n_feeds; i++) {
		if (shmpub_feed(&feed, s->reader, s->line->feeds[i], &s->err) != SHMPUB_OK)
			return session_fail_feed(s, s->line->feeds[i]);
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
		int waited = shmpub_wait_any(s->reader, &change, WAIT_MS, &s->err);

		if (waited < 0)
			r = session_fail(s);
		else if (waited == SHMPUB_OK)
			r = look(s, &seen, &list);
	}
	mem_free(seen.marks);
	mem_free(seen.names);
	feed_list_free(&list);
	return r;
}
