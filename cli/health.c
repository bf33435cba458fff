#include "command.h"

#include <stdio.h>
#include "clock.h"
#include "feed_members.h"
#include "human.h"
#include "show/width.h"

/*
 * shmpub health: prints one line and sets the exit status, for programs that monitor the
 * publisher. The line says how many feeds are not well and names the worst. --max-age is about
 * the age of the data. That the publisher does not look at the source any more is seen without
 * it, by the states stale and gone.
 */

#define VERDICT_SIZE (FEED_TROUBLE_SIZE + 128)

struct findings {
	size_t n_feeds, n_bad;
	int worst_rank;
	char worst[VERDICT_SIZE];
	int64_t oldest_ns; /* the greatest age of data; -1: there is no data */
	const char *oldest;
};

/* Returns how bad a state is; 0: it is well. */
static int rank_of(enum shmpub_feed_state state)
{
	switch (state) {
	case SHMPUB_FEED_FAILING:
		return 4;
	case SHMPUB_FEED_STALE:
		return 3;
	case SHMPUB_FEED_NEVER:
		return 2;
	default:
		return 0;
	}
}

static void print_line(struct session *s, const char *line)
{
	struct buffer text = BUFFER_NONE;

	if (width_printable(&text, span_str(line), NULL) == SHMPUB_OK) {
		out_bytes(&s->out, buffer_span(&text));
		out_str(&s->out, "\n");
	}
	buffer_free(&text);
}

static void note_bad(struct findings *f, int rank, const char *line)
{
	f->n_bad++;
	if (rank <= f->worst_rank)
		return;
	f->worst_rank = rank;
	(void)snprintf(f->worst, sizeof(f->worst), "%s", line);
}

static void check_feed(struct findings *f, const struct shmpub_feed_info *feed, uint64_t max_age_ms,
                       int64_t now_ns)
{
	char line[VERDICT_SIZE], age[HUMAN_SIZE], most[HUMAN_SIZE];
	int64_t age_ns = now_ns - feed_data_ns(feed);
	int rank = rank_of(feed->state);

	f->n_feeds++;
	if (feed->sequence > 0 && age_ns > f->oldest_ns) {
		f->oldest_ns = age_ns;
		f->oldest = feed->name;
	}
	if (rank > 0) {
		(void)snprintf(line, sizeof(line), "%s is %s%s%s", feed->name,
		               rank == 2 ? "not published yet" : feed_state(feed->state),
		               feed->error[0] != '\0' ? ": " : "", feed->error);
		note_bad(f, rank, line);
	} else if (age_ns > 0 && (uint64_t)age_ns / 1000000 > max_age_ms) {
		human_age(age, age_ns);
		human_interval(most, max_age_ms);
		(void)snprintf(line, sizeof(line), "%s has data from %s ago, more than %s",
		               feed->name, age, most);
		note_bad(f, 1, line);
	}
}

static int print_verdict(struct session *s, const struct findings *f)
{
	char line[VERDICT_SIZE + 64], age[HUMAN_SIZE];

	if (f->n_bad > 0) {
		(void)snprintf(line, sizeof(line), "not well: %zu of %zu feed%s; %s", f->n_bad,
		               f->n_feeds, f->n_feeds == 1 ? "" : "s", f->worst);
	} else if (f->oldest != NULL) {
		human_age(age, f->oldest_ns);
		(void)snprintf(line, sizeof(line), "well: %zu feed%s; oldest data from %s ago (%s)",
		               f->n_feeds, f->n_feeds == 1 ? "" : "s", age, f->oldest);
	} else {
		(void)snprintf(line, sizeof(line), "well: no feeds");
	}
	print_line(s, line);
	return f->n_bad > 0 ? EXIT_BAD : EXIT_GOOD;
}

static int print_gone(struct session *s, const char *instance, const char *why)
{
	char line[SHMPUB_ERROR_SIZE + 64];

	(void)snprintf(line, sizeof(line), "gone: %s%s%s", instance,
	               instance[0] != '\0' ? ": " : "", why);
	print_line(s, line);
	return EXIT_GONE;
}

static const struct shmpub_feed_info *find_feed(const struct feed_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	}
	return NULL;
}

/* Checks the named feeds, or all. A name without a feed counts as not well. */
static void check_feeds(struct session *s, struct findings *f, const struct feed_list *list)
{
	const struct command_line *l = s->line;
	int64_t now_ns = clock_now_ns();
	struct shmpub_feed_info nothing;

	for (size_t i = 0; i < l->n_feeds; i++) {
		const struct shmpub_feed_info *feed = find_feed(list, l->feeds[i]);

		if (feed != NULL) {
			check_feed(f, feed, l->max_age_ms, now_ns);
			continue;
		}
		f->n_feeds++;
		s->err.message[0] = '\0';
		if (shmpub_feed(&nothing, s->reader, l->feeds[i], &s->err) != SHMPUB_OK)
			note_bad(f, 5, s->err.message);
	}
	for (size_t i = 0; i < list->n && l->n_feeds == 0; i++)
		check_feed(f, &list->items[i], l->max_age_ms, now_ns);
}

int command_health(struct session *s)
{
	struct feed_list list = FEED_LIST_NONE;
	struct findings f = { .oldest_ns = -1 };
	int r;

	r = feed_list_read(&list, s->reader, &s->err);
	if (r == SHMPUB_NO_INSTANCE) {
		r = print_gone(s, "", s->err.message);
	} else if (r) {
		r = session_fail(s);
	} else if (list.instance.why_gone[0] != '\0') {
		r = print_gone(s, list.instance.instance, list.instance.why_gone);
	} else {
		check_feeds(s, &f, &list);
		r = print_verdict(s, &f);
	}
	feed_list_free(&list);
	return r;
}
