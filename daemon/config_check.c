#include "config_check.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * Names that must differ are put in order and compared with their neighbours, so
 * that thousands of feeds cost no more than a sort.
 */

struct named {
	const char *name;
	struct config_feed *feed;
	size_t order; /* of appearance: the later one is the problem */
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->order < y->order ? -1 : 1;
}

static int tell_feed(struct config_problems *p, const struct config_feed *f, const char *message,
                     struct shmpub_error *err)
{
	return config_problem(p, f->file, f->line, message, err);
}

/* `word` is what the names are: "feed", "segment". */
static int differ(const struct named *names, size_t n, const char *word, struct config_problems *p,
                  struct shmpub_error *err)
{
	struct shmpub_error message;
	int r = SHMPUB_OK;

	for (size_t i = 1; i < n && !r; i++) {
		if (strcmp(names[i].name, names[i - 1].name) != 0)
			continue;
		error_set(&message, SHMPUB_ERR_INVALID, "%s %s is already that of %s:%u", word,
		          names[i].name, names[i - 1].feed->file, names[i - 1].feed->line);
		r = tell_feed(p, names[i].feed, message.message, err);
	}
	return r;
}

static void add(struct named *names, size_t *n, const char *name, struct config_feed *feed)
{
	if (name != NULL) {
		names[*n] = (struct named){ name, feed, *n };
		++*n;
	}
}

static int check_names(struct config *c, struct named *names, struct config_problems *p,
                       struct shmpub_error *err)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < c->n_feeds; i++) {
		add(names, &n, c->feeds[i]->csv_segment, c->feeds[i]);
		add(names, &n, c->feeds[i]->array_segment, c->feeds[i]);
	}
	qsort(names, n, sizeof(*names), by_name);
	r = differ(names, n, "segment", p, err);
	if (r)
		return r;
	n = 0;
	for (size_t i = 0; i < c->n_feeds; i++)
		add(names, &n, c->feeds[i]->name, c->feeds[i]);
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++)
		c->feeds[i] = names[i].feed;
	return differ(names, n, "feed", p, err);
}

static const char *feed_problem(const struct config_feed *f, const struct config *c)
{
	bool has_segment = f->csv_segment != NULL || f->array_segment != NULL;
	const char *instance = c->daemon.instance;

	if (f->source == NULL)
		return "no source";
	if (f->array_segment != NULL && f->array_dtype == ARRAY_NONE)
		return "array_segment without array_dtype";
	if (f->array_segment == NULL && (f->array_dtype != ARRAY_NONE || f->array_columns != NULL))
		return "array_dtype and array_columns need array_segment";
	if (!has_segment && f->segment_access.mode != 0)
		return "segment_mode without csv_segment or array_segment";
	if (f->csv_segment != NULL && strcmp(f->csv_segment, instance) == 0)
		return "csv_segment has the instance's name";
	if (f->array_segment != NULL && strcmp(f->array_segment, instance) == 0)
		return "array_segment has the instance's name";
	return NULL;
}

static void inherit(struct config_feed *f, const struct config_daemon *d)
{
	if (f->access.mode == 0)
		f->access.mode = d->access.mode;
	if (f->access.gid < 0)
		f->access.gid = d->access.gid;
	if (f->segment_access.mode == 0)
		f->segment_access.mode = 0660;
	f->segment_access.gid = f->access.gid;
}

static int check_feeds(struct config *c, struct config_problems *p, struct shmpub_error *err)
{
	const char *problem;
	int r = SHMPUB_OK;

	for (size_t i = 0; i < c->n_feeds && !r; i++) {
		problem = feed_problem(c->feeds[i], c);
		if (problem != NULL)
			r = tell_feed(p, c->feeds[i], problem, err);
		inherit(c->feeds[i], &c->daemon);
	}
	return r;
}

int config_check(struct config *c, const char *path, struct config_problems *problems,
                 struct shmpub_error *err)
{
	struct named *names;
	struct shmpub_error message;
	int r = check_feeds(c, problems, err);

	if (r)
		return r;
	if (c->n_feeds > c->daemon.max_feeds) {
		error_set(&message, SHMPUB_ERR_INVALID, "%zu feeds, max_feeds is %llu", c->n_feeds,
		          (unsigned long long)c->daemon.max_feeds);
		r = config_problem(problems, path, 0, message.message, err);
		if (r)
			return r;
	}
	names = mem_zalloc(2 * c->n_feeds + 1, sizeof(*names));
	if (names == NULL)
		return error_nomem(err, 2 * c->n_feeds * sizeof(*names));
	r = check_names(c, names, problems, err);
	mem_free(names);
	return r;
}
