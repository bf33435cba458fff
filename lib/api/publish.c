#include "shmpub/shmpub.h"

#include "api/check_columns.h"
#include "api/name.h"
#include "api/reserved.h"
#include "base/alloc.h"
#include "base/error.h"
#include "prepare/prepare.h"

/*
 * For programs that publish their own tables: one call prepares a snapshot and commits it
 * (publisher/publisher.h has these as two steps), on the caller's thread. The schema of a
 * feed's last CSV text is kept as the first guess for its next one.
 */

#define FILE_MODE 0644
#define PULSE_NS INT64_C(1000000000)

struct feed_entry {
	struct publisher_feed *feed;
	struct schema schema; /* of the last CSV text */
};

struct shmpub_publisher {
	struct publisher *inner;
	struct csv_options *defaults;
	struct shm_access access;
	int64_t pulse_ns; /* monotonic: when publishing last called beat() */
	bool is_promised; /* the options promise heartbeats */
	struct feed_entry *feeds;
	size_t n_feeds, capacity;
};

struct shmpub_csv_options {
	struct csv_options *inner;
};

/* --- opening and closing ----------------------------------------------------------------------- */

static struct publisher_options inner_options(const struct shmpub_publisher_options *o)
{
	return (struct publisher_options){
		.directory = o->directory != NULL && o->directory[0] != '\0' ? o->directory : NULL,
		.instance = o->instance != NULL && o->instance[0] != '\0' ? o->instance : NULL,
		.max_feeds = o->max_feeds,
		.max_bytes = o->max_bytes,
		.spare_bytes = o->spare_bytes,
		.access = { .mode = o->file_mode != 0 ? o->file_mode : FILE_MODE,
		            .gid = o->group != 0 ? (int64_t)o->group : -1 },
		.keep_on_exit = o->keep_on_exit != 0,
		.heartbeat_interval_ms = o->heartbeat_interval_ms,
	};
}

int shmpub_publisher_open(struct shmpub_publisher **out,
                          const struct shmpub_publisher_options *options, struct shmpub_error *err)
{
	struct shmpub_publisher_options none = { 0 };
	struct publisher_options inner;
	struct shmpub_publisher *p;
	int r;

	*out = NULL;
	if (options == NULL)
		options = &none;
	inner = inner_options(options);
	r = reserved_check(options->reserved, ARRAY_LEN(options->reserved),
	                   "the publisher's options", err);
	if (r == SHMPUB_OK)
		r = name_instance(inner.instance, err);
	if (r)
		return r;
	if ((inner.access.mode & ~0777u) != 0)
		return error_set(err, SHMPUB_ERR_INVALID, "file_mode %o has bits beyond 0777",
		                 inner.access.mode);
	p = mem_zalloc(1, sizeof(*p));
	if (p == NULL)
		return error_nomem(err, sizeof(*p));
	r = csv_options_new(&p->defaults, err);
	if (r == SHMPUB_OK)
		r = publisher_open(&p->inner, &inner, err);
	if (r) {
		csv_options_free(p->defaults);
		mem_free(p);
		return r;
	}
	p->access = inner.access;
	p->is_promised = inner.heartbeat_interval_ms != 0;
	publisher_running(p->inner);
	*out = p;
	return SHMPUB_OK;
}

void shmpub_publisher_close(struct shmpub_publisher *publisher)
{
	if (publisher == NULL)
		return;
	for (size_t i = 0; i < publisher->n_feeds; i++)
		schema_free(&publisher->feeds[i].schema);
	publisher_close(publisher->inner);
	csv_options_free(publisher->defaults);
	mem_free(publisher->feeds);
	mem_free(publisher);
}

/* --- feeds ------------------------------------------------------------------------------------- */

static struct feed_entry *find(struct shmpub_publisher *p, struct span name)
{
	for (size_t i = 0; i < p->n_feeds; i++) {
		if (span_eq(publisher_feed_name(p->feeds[i].feed), name))
			return &p->feeds[i];
	}
	return NULL;
}

static int grow(struct shmpub_publisher *p, struct shmpub_error *err)
{
	size_t capacity = p->capacity > 0 ? p->capacity * 2 : 8;
	struct feed_entry *more;

	if (p->n_feeds < p->capacity)
		return SHMPUB_OK;
	more = mem_resize(p->feeds, capacity * sizeof(*more));
	if (more == NULL)
		return error_nomem(err, capacity * sizeof(*more));
	p->feeds = more;
	p->capacity = capacity;
	return SHMPUB_OK;
}

static int take(struct feed_entry **out, struct shmpub_publisher *p, const char *feed,
                struct shmpub_error *err)
{
	struct span name;
	int r;

	r = name_feed(&name, feed, err);
	if (r)
		return r;
	*out = find(p, name);
	if (*out != NULL)
		return SHMPUB_OK;
	r = grow(p, err);
	if (r)
		return r;
	*out = &p->feeds[p->n_feeds];
	(*out)->schema = SCHEMA_NONE;
	r = publisher_feed_open(&(*out)->feed, p->inner, name, 0, &p->access, err);
	if (r == SHMPUB_OK)
		p->n_feeds++;
	return r;
}

int shmpub_announce(struct shmpub_publisher *publisher, const char *feed, struct shmpub_error *err)
{
	struct feed_entry *entry;

	return take(&entry, publisher, feed, err);
}

int shmpub_remove(struct shmpub_publisher *publisher, const char *feed, struct shmpub_error *err)
{
	struct feed_entry *entry;
	struct span name;
	int r;

	r = name_feed(&name, feed, err);
	if (r)
		return r;
	r = publisher_check(publisher->inner, err);
	if (r)
		return r;
	entry = find(publisher, name);
	if (entry == NULL)
		return error_set(err, SHMPUB_NO_FEED, "no feed %s", feed);
	publisher_feed_remove(entry->feed);
	schema_free(&entry->schema);
	*entry = publisher->feeds[--publisher->n_feeds];
	return SHMPUB_OK;
}

/* --- publishing -------------------------------------------------------------------------------- */

/* The source of one snapshot: CSV text with options, or a table. */
struct job {
	const struct prepare_source *source;
	const struct csv_options *options;
	const struct table *table;
};

static int prepare(struct publication *pub, struct catalog_descriptor *d, const struct job *job,
                   struct feed_entry *entry, struct shmpub_error *err)
{
	struct snapshot_origin origin = { .feed = publisher_feed_name(entry->feed) };

	if (job->table != NULL)
		return prepare_table(pub, d, job->table, &origin, err);
	return prepare_csv(pub, d, job->source, job->options, &entry->schema, NULL, NULL, err);
}

/* Without a promise the heartbeat's time stays 0: readers could not say when it is late. */
static void beat(struct shmpub_publisher *p)
{
	publisher_heartbeat(p->inner, p->is_promised ? shm_now_ns() : 0);
}

/* For programs that never call shmpub_publisher_tick(): publishing does its work once a second. */
static void pulse(struct shmpub_publisher *p)
{
	int64_t now_ns = shm_monotonic_ns();

	if (now_ns - p->pulse_ns < PULSE_NS)
		return;
	p->pulse_ns = now_ns;
	beat(p);
}

int shmpub_publisher_tick(struct shmpub_publisher *publisher, struct shmpub_error *err)
{
	beat(publisher);
	return publisher_check(publisher->inner, err);
}

static int publish(struct shmpub_publisher *p, struct feed_entry *entry, const struct job *job,
                   struct shmpub_mark *published, struct shmpub_error *err)
{
	struct catalog_descriptor d;
	struct publication *pub = NULL;
	int r;

	pulse(p);
	r = publisher_put_back(entry->feed, err);
	if (r < 0)
		goto out;
	r = publication_begin(&pub, entry->feed, err);
	if (r)
		goto out;
	r = prepare(pub, &d, job, entry, err);
	if (r)
		goto out;
	r = publication_commit(pub, &d, err);
	pub = NULL; /* publication_commit() frees it, also on failure */
	if (r)
		goto out;
	publisher_feed_report(entry->feed, REFRESH_PUBLISHED, NULL);
	if (published != NULL)
		*published = (struct shmpub_mark){ publisher_epoch(p->inner),
			                           publisher_feed_sequence(entry->feed) };
out:
	publication_discard(pub);
	if (r)
		publisher_feed_report(entry->feed, REFRESH_FAILED, err);
	return r;
}

int shmpub_publish_csv(struct shmpub_publisher *publisher, const char *feed, const char *text,
                       size_t size, const struct shmpub_csv_options *options,
                       struct shmpub_mark *published, struct shmpub_error *err)
{
	struct prepare_source source = { .bytes = byte_source_of(span_of(text, size)) };
	struct shmpub_error own = { 0 };
	struct feed_entry *entry;
	int r;

	err = err != NULL ? err : &own; /* needed in any case: it becomes the feed's error line */
	r = take(&entry, publisher, feed, err);
	if (r)
		return r;
	source.origin.feed = publisher_feed_name(entry->feed);
	return publish(
	        publisher, entry,
	        &(struct job){ .source = &source,
	                       .options = options != NULL ? options->inner : publisher->defaults },
	        published, err);
}

int shmpub_publish_columns(struct shmpub_publisher *publisher, const char *feed,
                           const struct shmpub_column *columns, size_t n_columns, uint64_t n_rows,
                           struct shmpub_mark *published, struct shmpub_error *err)
{
	struct checked checked = CHECKED_NONE;
	struct shmpub_error own = { 0 };
	struct feed_entry *entry;
	int r;

	err = err != NULL ? err : &own;
	r = checked_init(&checked, columns, n_columns, n_rows, err);
	if (r)
		return r;
	r = take(&entry, publisher, feed, err);
	if (r == SHMPUB_OK)
		r = publish(publisher, entry, &(struct job){ .table = &checked.table }, published,
		            err);
	checked_free(&checked);
	return r;
}

/* --- options ----------------------------------------------------------------------------------- */

int shmpub_csv_options_new(struct shmpub_csv_options **out, struct shmpub_error *err)
{
	struct shmpub_csv_options *o;
	int r;

	*out = NULL;
	o = mem_zalloc(1, sizeof(*o));
	if (o == NULL)
		return error_nomem(err, sizeof(*o));
	r = csv_options_new(&o->inner, err);
	if (r) {
		mem_free(o);
		return r;
	}
	*out = o;
	return SHMPUB_OK;
}

int shmpub_csv_options_set(struct shmpub_csv_options *options, const char *key, const char *value,
                           struct shmpub_error *err)
{
	if (!csv_options_has(span_str(key)))
		return error_set(err, SHMPUB_ERR_INVALID, "no CSV option %s", key);
	if (strcmp(key, "on_bad_lines") == 0 && strcmp(value, "feed") == 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "on_bad_lines: feed is for shmpubd only, not for a program");
	return csv_options_set(options->inner, span_str(key), span_str(value), err);
}

void shmpub_csv_options_free(struct shmpub_csv_options *options)
{
	if (options == NULL)
		return;
	csv_options_free(options->inner);
	mem_free(options);
}
