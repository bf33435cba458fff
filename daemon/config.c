#include "config.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/nearest.h"
#include "config_check.h"
#include "config_read.h"
#include "keys.h"
#include "log.h"
#include "process.h"
#include "source_file.h"

/*
 * The main file first, then the files it includes in the order of their names, all
 * into one configuration. Reading goes on behind a problem, so that --check tells
 * everything at once; a configuration with any problem is thrown away whole.
 */

#define FILE_SIZE_MAX ((uint64_t)16 << 20)
#define PROBLEMS_MAX 100 /* told; the rest is only counted */

enum place { IN_NOTHING, IN_DAEMON, IN_FEED, IN_SKIPPED };

struct loader {
	struct config *config;
	size_t capacity; /* of config->feeds */
	struct config_problems *problems;
	const char *file;
	struct span base; /* its directory with the slash; empty: the working directory */
	bool is_included;
	enum place place;
	struct config_feed *feed;
	struct buffer seen, seen_daemon; /* "key=\n" of this section's keys so far */
};

/* --- problems ---------------------------------------------------------------------------------- */

int config_problem(struct config_problems *p, const char *file, unsigned line, const char *message,
                   struct shmpub_error *err)
{
	p->n++;
	if (p->n > PROBLEMS_MAX)
		return SHMPUB_OK;
	return buffer_printf(&p->lines, err, "%s:%u: %s\n", file, line, message);
}

void config_problems_free(struct config_problems *p)
{
	buffer_free(&p->lines);
	*p = CONFIG_PROBLEMS_NONE;
}

static int tell(void *arg, unsigned line, const char *message, struct shmpub_error *err)
{
	struct loader *l = arg;

	return config_problem(l->problems, l->file, line, message, err);
}

/* --- feeds ------------------------------------------------------------------------------------- */

static void feed_free(struct config_feed *f)
{
	mem_free(f->name);
	mem_free(f->file);
	mem_free(f->source);
	mem_free(f->csv_segment);
	mem_free(f->array_segment);
	mem_free(f->array_columns);
	csv_options_free(f->csv);
	buffer_free(&f->text);
	mem_free(f);
}

struct config_feed *config_feed_acquire(struct config_feed *feed)
{
	feed->n_references++;
	return feed;
}

void config_feed_release(struct config_feed *feed)
{
	if (feed != NULL && --feed->n_references == 0)
		feed_free(feed);
}

static bool access_equal(const struct shm_access *a, const struct shm_access *b)
{
	return a->mode == b->mode && a->gid == b->gid;
}

bool config_feed_equal(const struct config_feed *a, const struct config_feed *b)
{
	return span_eq(buffer_span(&a->text), buffer_span(&b->text)) &&
	       strcmp(a->source, b->source) == 0 && access_equal(&a->access, &b->access) &&
	       access_equal(&a->segment_access, &b->segment_access);
}

static int feed_new(struct config_feed **out, struct span name, const char *file, unsigned line,
                    struct shmpub_error *err)
{
	struct config_feed *f = mem_zalloc(1, sizeof(*f));

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->n_references = 1;
	f->line = line;
	f->interval_ms = 5000;
	f->access.gid = -1;
	f->segment_access.gid = -1;
	f->text = BUFFER_NONE;
	f->name = text_copy(name);
	f->file = text_copy(span_str(file));
	if (f->name == NULL || f->file == NULL || csv_options_new(&f->csv, NULL) != SHMPUB_OK) {
		feed_free(f);
		return error_nomem(err, sizeof(*f));
	}
	*out = f;
	return SHMPUB_OK;
}

static int add_feed(struct loader *l, struct span name, unsigned line, struct shmpub_error *err)
{
	struct config *c = l->config;
	struct config_feed **grown;
	int r;

	if (c->n_feeds == l->capacity) {
		l->capacity = l->capacity ? 2 * l->capacity : 64;
		grown = mem_resize(c->feeds, l->capacity * sizeof(struct config_feed *));
		if (grown == NULL)
			return error_nomem(err, l->capacity * sizeof(struct config_feed *));
		c->feeds = grown;
	}
	r = feed_new(&l->feed, name, l->file, line, err);
	if (r)
		return r;
	c->feeds[c->n_feeds++] = l->feed;
	l->place = IN_FEED;
	return SHMPUB_OK;
}

/* --- sections ---------------------------------------------------------------------------------- */

static struct span behind_word(struct span title, const char *word)
{
	size_t n = strlen(word);

	if (title.size <= n || memcmp(title.data, word, n) != 0)
		return SPAN_NONE;
	if (title.data[n] != ' ' && title.data[n] != '\t')
		return SPAN_NONE;
	while (n < title.size && (title.data[n] == ' ' || title.data[n] == '\t'))
		n++;
	return span_of(title.data + n, title.size - n);
}

static int unknown_section(struct loader *l, unsigned line, struct span title,
                           struct shmpub_error *err)
{
	struct span word = title;
	struct shmpub_error message;
	struct nearest n;

	for (size_t i = 0; i < title.size && word.size == title.size; i++) {
		if (title.data[i] == ' ' || title.data[i] == '\t')
			word.size = i;
	}
	n = nearest_to(word);
	nearest_offer(&n, "daemon");
	nearest_offer(&n, "feed");
	error_set(&message, SHMPUB_ERR_INVALID, "unknown section [%.*s]%s%s%s", (int)title.size,
	          title.data, n.name ? ", did you mean [" : ": [daemon] or [feed NAME] wanted",
	          n.name ? n.name : "",
	          n.name == NULL ? "" : (strcmp(n.name, "feed") == 0 ? " NAME]?" : "]?"));
	return tell(l, line, message.message, err);
}

static int on_section(void *arg, unsigned line, struct span title, struct shmpub_error *err)
{
	struct loader *l = arg;
	struct span name = behind_word(title, "feed");
	struct shmpub_error message;

	l->place = IN_SKIPPED;
	l->feed = NULL;
	l->seen.size = 0;
	if (title.size == 0)
		return SHMPUB_OK;
	if (span_is(title, "daemon")) {
		l->place = IN_DAEMON;
		return SHMPUB_OK;
	}
	if (span_is(title, "feed"))
		return tell(l, line, "a feed without a name: [feed NAME] wanted", err);
	if (name.size == 0)
		return unknown_section(l, line, title, err);
	if (name_is_valid(name, true))
		return add_feed(l, name, line, err);
	error_set(
	        &message, SHMPUB_ERR_INVALID,
	        "feed name '%.*s': 1 to 40 of A-Z a-z 0-9 _ . -, beginning with a letter, a digit "
	        "or _, wanted",
	        (int)name.size, name.data);
	return tell(l, line, message.message, err);
}

/* --- entries ----------------------------------------------------------------------------------- */

static bool on_is_key(void *arg, struct span name)
{
	(void)arg;
	return key_find(&daemon_keys, name) || key_find(&feed_keys, name) || csv_options_has(name);
}

static int unknown_key(struct loader *l, unsigned line, struct span name, struct shmpub_error *err)
{
	const struct key_table *table = l->place == IN_DAEMON ? &daemon_keys : &feed_keys;
	struct nearest n = nearest_to(name);
	struct shmpub_error message;

	for (size_t i = 0; i < table->n; i++)
		nearest_offer(&n, table->keys[i].name);
	for (size_t i = 0; l->place == IN_FEED && csv_options_key(i) != NULL; i++)
		nearest_offer(&n, csv_options_key(i));
	error_set(&message, SHMPUB_ERR_INVALID, "unknown key '%.*s' in [%s]%s%s%s", (int)name.size,
	          name.data, l->place == IN_DAEMON ? "daemon" : "feed",
	          n.name ? ", did you mean '" : "", n.name ? n.name : "", n.name ? "'?" : "");
	return tell(l, line, message.message, err);
}

/* Remember that the key was set; *again: it was before. */
static int note_key(bool *again, struct loader *l, struct span name, struct shmpub_error *err)
{
	struct buffer *seen = l->place == IN_DAEMON ? &l->seen_daemon : &l->seen;
	size_t at = 0;

	*again = false;
	while (at < seen->size && !*again) {
		const char *line = seen->data + at;
		size_t n = (size_t)((const char *)memchr(line, '\n', seen->size - at) - line);

		*again = span_eq(span_of(line, n), name);
		at += n + 1;
	}
	if (*again)
		return SHMPUB_OK;
	return buffer_printf(seen, err, "%.*s\n", (int)name.size, name.data);
}

/* SHMPUB_ERR_INVALID: *why tells what is wrong with the value. */
static int set_entry(struct loader *l, const struct key *key, struct span name, struct span value,
                     struct shmpub_error *why)
{
	if (l->place == IN_DAEMON)
		return key_set(&l->config->daemon, key, value, l->base, why);
	if (key != NULL)
		return key_set(l->feed, key, value, l->base, why);
	return csv_options_set(l->feed->csv, name, value, why);
}

static int on_entry(void *arg, unsigned line, struct span name, struct span value,
                    struct shmpub_error *err)
{
	struct loader *l = arg;
	const struct key *key;
	struct shmpub_error why;
	bool again;
	int r;

	if (l->place == IN_SKIPPED)
		return SHMPUB_OK;
	if (l->place == IN_NOTHING)
		return tell(l, line, "a key before the first section", err);
	key = key_find(l->place == IN_DAEMON ? &daemon_keys : &feed_keys, name);
	if (key == NULL && (l->place == IN_DAEMON || !csv_options_has(name)))
		return unknown_key(l, line, name, err);
	if (l->is_included && key != NULL && strcmp(key->name, "include") == 0)
		return tell(l, line, "include: not in an included file", err);
	r = note_key(&again, l, name, err);
	if (r)
		return r;
	if (again) {
		error_set(&why, SHMPUB_ERR_INVALID, "%.*s is set twice", (int)name.size, name.data);
		return tell(l, line, why.message, err);
	}
	r = set_entry(l, key, name, value, &why);
	if (r == SHMPUB_ERR_NOMEM)
		return error_nomem(err, value.size);
	if (r)
		return tell(l, line, why.message, err);
	if (l->place == IN_FEED && !span_is(name, "interval")) /* a new pace needs no new table */
		return buffer_printf(&l->feed->text, err, "%.*s=%.*s\n", (int)name.size, name.data,
		                     (int)value.size, value.data);
	return SHMPUB_OK;
}

/* --- files ------------------------------------------------------------------------------------- */

static struct span directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? span_of(path, (size_t)(slash - path) + 1) : SPAN_NONE;
}

static int read_file(struct buffer *text, const char *path, struct shmpub_error *err)
{
	struct source_request q = { .path = path, .takes_fresh = true, .max_size = FILE_SIZE_MAX };
	struct source_mark mark;
	int r = SOURCE_BUSY;

	for (int tries = 0; r == SOURCE_BUSY && tries < 10; tries++) {
		text->size = 0;
		r = source_file_read(text, &mark, &q, err);
	}
	if (r == SOURCE_BUSY)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: it is being written", path);
	return r;
}

static int load_file(struct loader *l, const char *path, struct shmpub_error *err)
{
	struct config_events events = { on_section, on_entry, tell, on_is_key, l };
	struct buffer text = BUFFER_NONE;
	int r = read_file(&text, path, err);

	if (r)
		goto out;
	l->file = path;
	l->base = directory_of(path);
	l->place = IN_NOTHING;
	r = config_read(buffer_span(&text), &events, err);
out:
	buffer_free(&text);
	return r;
}

/* An included file that cannot be read is a problem of the configuration. */
static int include_file(void *arg, const char *path)
{
	struct loader *l = arg;
	struct shmpub_error why;
	int r = load_file(l, path, &why);

	if (r == SHMPUB_OK || r == SHMPUB_ERR_NOMEM)
		return r;
	l->problems->n++;
	return buffer_printf(&l->problems->lines, NULL, "%s\n", why.message);
}

static int load_all(struct loader *l, const char *path, struct shmpub_error *err)
{
	int r = load_file(l, path, err);

	if (r || l->config->daemon.include == NULL)
		return r;
	l->is_included = true;
	return process_glob(l->config->daemon.include, include_file, l, err);
}

static int config_new(struct config **out, struct shmpub_error *err)
{
	struct config *c = mem_zalloc(1, sizeof(*c));

	if (c == NULL)
		return error_nomem(err, sizeof(*c));
	c->daemon.max_feeds = 4096;
	c->daemon.spare_bytes = (uint64_t)256 << 20;
	c->daemon.log_level = LOG_LEVEL_INFO;
	c->daemon.access = (struct shm_access){ .mode = 0644, .gid = -1 };
	c->daemon.instance = text_copy(span_str(SHMPUB_INSTANCE));
	c->daemon.directory = text_copy(span_str(SHMPUB_DIRECTORY));
	if (c->daemon.instance == NULL || c->daemon.directory == NULL) {
		config_free(c);
		return error_nomem(err, sizeof(*c));
	}
	*out = c;
	return SHMPUB_OK;
}

int config_load(struct config **out, const char *path, struct config_problems *problems,
                struct shmpub_error *err)
{
	struct loader l = { .problems = problems, .seen = BUFFER_NONE, .seen_daemon = BUFFER_NONE };
	int r;

	*out = NULL;
	r = config_new(&l.config, err);
	if (r)
		return r;
	r = load_all(&l, path, err);
	if (!r)
		r = config_check(l.config, path, problems, err);
	if (!r && problems->n > PROBLEMS_MAX)
		r = buffer_printf(&problems->lines, err, "%s: %zu more problems\n", path,
		                  problems->n - PROBLEMS_MAX);
	if (!r && problems->n)
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: %zu problem%s", path, problems->n,
		              problems->n == 1 ? "" : "s");
	buffer_free(&l.seen);
	buffer_free(&l.seen_daemon);
	if (r)
		config_free(l.config);
	else
		*out = l.config;
	return r;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_feeds; i++)
		config_feed_release(c->feeds[i]);
	mem_free(c->feeds);
	mem_free(c->daemon.instance);
	mem_free(c->daemon.directory);
	mem_free(c->daemon.include);
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
