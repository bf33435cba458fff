#include "config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "log.h"

/* The section [daemon]: its defaults, and what it owns. */

int config_daemon_init(struct config_daemon *d, struct shmpub_error *err)
{
	*d = (struct config_daemon){
		.max_feeds = 4096,
		.spare_bytes = (uint64_t)256 << 20,
		.log_level = LOG_LEVEL_INFO,
		.access = { .mode = FILE_MODE_AUTO, .gid = -1 },
		.instance = mem_copy(span_str(SHMPUB_INSTANCE)),
		.directory = mem_copy(span_str(SHMPUB_DIRECTORY)),
	};
	if (d->instance == NULL || d->directory == NULL)
		return error_nomem(err, sizeof(SHMPUB_DIRECTORY));
	return SHMPUB_OK;
}

void config_daemon_deinit(struct config_daemon *d)
{
	mem_free(d->instance);
	mem_free(d->directory);
	mem_free(d->include);
	mem_free(d->metrics_file);
	mem_free(d->metrics_listen);
}

static void swap(char **a, char **b)
{
	char *other = *a;

	*a = *b;
	*b = other;
}

void config_daemon_keep_fixed(struct config_daemon *next, struct config_daemon *now)
{
	swap(&next->instance, &now->instance);
	swap(&next->directory, &now->directory);
	swap(&next->metrics_file, &now->metrics_file);
	swap(&next->metrics_listen, &now->metrics_listen);
	next->log_format = now->log_format;
	next->workers = now->workers;
	next->max_feeds = now->max_feeds;
	next->max_bytes = now->max_bytes;
	next->min_free = now->min_free;
	next->spare_bytes = now->spare_bytes;
	next->keep_on_exit = now->keep_on_exit;
}

/* --- the whole configuration ------------------------------------------------------------------ */

int config_new(struct config **out, struct shmpub_error *err)
{
	struct config *c = mem_zalloc(1, sizeof(*c));

	if (c == NULL)
		return error_nomem(err, sizeof(*c));
	if (config_daemon_init(&c->daemon, err) != SHMPUB_OK) {
		config_free(c);
		return SHMPUB_ERR_NOMEM;
	}
	*out = c;
	return SHMPUB_OK;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_feeds; i++)
		config_feed_release(c->feeds[i]);
	mem_free(c->feeds);
	config_daemon_deinit(&c->daemon);
	mem_free(c);
}

struct config_feed *config_find(const struct config *c, struct span name)
{
	size_t low = 0, high = c->n_feeds;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct span at = span_str(c->feeds[middle]->name);
		size_t n = at.size < name.size ? at.size : name.size;
		int order = n ? memcmp(at.data, name.data, n) : 0;

		if (order == 0 && at.size == name.size)
			return c->feeds[middle];
		if (order < 0 || (order == 0 && at.size < name.size))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
