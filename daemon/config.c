#include "config.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/name.h"
#include "base/nearest.h"
#include "config_check.h"
#include "config_defaults.h"
#include "config_read.h"
#include "keys.h"
#include "log.h"
#include "path.h"
#include "process.h"
#include "source.h"

/*
 * The main file is read first, then the files that it includes in the order of their names, all
 * into one configuration. Reading goes on after a problem, so that --check tells every problem
 * at once. A configuration with any problem is thrown away whole.
 */

#define FILE_SIZE_MAX ((uint64_t)16 << 20)

enum place { IN_NOTHING, IN_DAEMON, IN_DEFAULTS, IN_FEED, IN_SKIPPED };

struct loader {
	struct config *config;
	size_t capacity; /* of config->feeds */
	struct config_problems *problems;
	const char *file;
	unsigned file_number; /* 0: the main file */
	unsigned n_lines;     /* of the main file */
	/* the file's directory with its slash; empty: the working directory */
	struct span base;
	bool may_lack_section; /* a problem hid a section, which may have been a feed's */
	enum place place;
	struct config_feed *feed;     /* of IN_FEED and IN_DEFAULTS */
	struct config_feed *examinee; /* a feed in which the values of [defaults] are tried */
	struct config_defaults defaults;
	unsigned defaults_line;    /* of the file's [defaults]; 0: it has none so far */
	struct buffer seen_daemon; /* as config_feed.keys, of [daemon] */
	/* this many bytes of seen_daemon are keys of other files */
	size_t seen_other_files_size;
};

static struct config_place place_of(const struct loader *l, unsigned line)
{
	return (struct config_place){ l->file, l->file_number, line };
}

static int tell_problem(void *arg, unsigned line, const char *message, struct shmpub_error *err)
{
	struct loader *l = arg;

	return config_problem(l->problems, place_of(l, line), message, err);
}

/* --- feeds ------------------------------------------------------------------------------------- */

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
	r = config_feed_new(&l->feed, name, place_of(l, line), err);
	if (r)
		return r;
	c->feeds[c->n_feeds++] = l->feed;
	l->place = IN_FEED;
	return SHMPUB_OK;
}

/* --- sections ---------------------------------------------------------------------------------- */

static struct span skip_word(struct span title, const char *word)
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

static int tell_unknown_section(struct loader *l, unsigned line, struct span title,
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
	nearest_offer(&n, "defaults");
	nearest_offer(&n, "feed");
	error_set(&message, SHMPUB_ERR_INVALID, "unknown section [%.*s]%s%s%s", (int)title.size,
	          title.data, n.name ? ", did you mean [" : ": [daemon] or [feed NAME] wanted",
	          n.name ? n.name : "",
	          n.name == NULL ? "" : (strcmp(n.name, "feed") == 0 ? " NAME]?" : "]?"));
	return tell_problem(l, line, message.message, err);
}

static int begin_defaults(struct loader *l, unsigned line, struct shmpub_error *err)
{
	struct shmpub_error why;
	int r;

	if (l->defaults_line != 0) {
		error_set(&why, SHMPUB_ERR_INVALID, "[defaults] stands twice, first in line %u",
		          l->defaults_line);
		return tell_problem(l, line, why.message, err);
	}
	config_feed_release(l->examinee);
	l->examinee = NULL;
	r = config_feed_new(&l->examinee, span_str("defaults"), place_of(l, line), err);
	if (r)
		return r;
	l->defaults_line = line;
	l->feed = l->examinee;
	l->place = IN_DEFAULTS;
	return SHMPUB_OK;
}

static int on_section(void *arg, unsigned line, struct span title, struct shmpub_error *err)
{
	struct loader *l = arg;
	struct span name = skip_word(title, "feed");
	struct shmpub_error message;

	l->place = IN_SKIPPED;
	l->feed = NULL;
	if (span_is(title, "defaults"))
		return begin_defaults(l, line, err);
	if (span_is(title, "daemon")) {
		l->place = IN_DAEMON;
		return SHMPUB_OK;
	}
	if (name_is_feed(name))
		return add_feed(l, name, line, err);
	l->may_lack_section = true;
	if (title.size == 0) /* config_read.c has told the problem */
		return SHMPUB_OK;
	if (span_is(title, "feed"))
		return tell_problem(l, line, "a feed without a name: [feed NAME] wanted", err);
	if (name.size == 0)
		return tell_unknown_section(l, line, title, err);
	error_set(
	        &message, SHMPUB_ERR_INVALID,
	        "feed name '%.*s': 1 to 40 of A-Z a-z 0-9 _ . -, beginning with a letter, a digit "
	        "or _, wanted",
	        (int)name.size, name.data);
	return tell_problem(l, line, message.message, err);
}

/*
 * The unreadable line may have been a key or a section: nothing is told to be missing because
 * of it.
 */
static int on_problem(void *arg, unsigned line, const char *message, struct shmpub_error *err)
{
	struct loader *l = arg;

	if (l->place == IN_FEED)
		l->feed->refused = UINT32_MAX;
	if (l->place == IN_NOTHING)
		l->may_lack_section = true;
	return tell_problem(l, line, message, err);
}

/* --- entries ----------------------------------------------------------------------------------- */

static bool on_is_key(void *arg, struct span name)
{
	(void)arg;
	return key_find(&daemon_keys, name) || key_find(&feed_keys, name) || csv_options_has(name);
}

/* Remembers that the value was refused, so that its absence is not told as a second problem. */
static void note_refused(struct loader *l, const char *name)
{
	const struct key *key = name ? key_find(&feed_keys, span_str(name)) : NULL;

	if (l->place == IN_FEED && key != NULL)
		l->feed->refused |= key_bit(&feed_keys, key);
}

static const char *const place_names[] = {
	[IN_DAEMON] = "daemon", [IN_DEFAULTS] = "defaults", [IN_FEED] = "feed"
};

static int tell_unknown_key(struct loader *l, unsigned line, struct span name,
                            struct shmpub_error *err)
{
	const struct key_table *table = l->place == IN_DAEMON ? &daemon_keys : &feed_keys;
	struct nearest n = nearest_to(name);
	struct shmpub_error message;

	for (size_t i = 0; i < table->n; i++)
		nearest_offer(&n, table->keys[i].name);
	for (size_t i = 0; l->place != IN_DAEMON && csv_options_key(i) != NULL; i++)
		nearest_offer(&n, csv_options_key(i));
	note_refused(l, n.name);
	error_set(&message, SHMPUB_ERR_INVALID, "unknown key '%.*s' in [%s]%s%s%s", (int)name.size,
	          name.data, place_names[l->place], n.name ? ", did you mean '" : "",
	          n.name ? n.name : "", n.name ? "'?" : "");
	return tell_problem(l, line, message.message, err);
}

/*
 * Remembers that the key was set. *told becomes true when it was set before: that is a problem,
 * and it was told.
 */
static int note_key(bool *told, struct loader *l, unsigned line, struct span name,
                    struct shmpub_error *err)
{
	struct buffer *seen = l->place == IN_DAEMON ? &l->seen_daemon : &l->feed->keys;
	struct span as = SPAN_NONE;
	struct shmpub_error why;
	unsigned before = config_key_line(seen, name, &as);

	*told = before != 0;
	if (before == 0)
		return buffer_printf(seen, err, "%u %.*s\n", line, (int)name.size, name.data);
	if (l->place == IN_DAEMON && as.data < seen->data + l->seen_other_files_size)
		error_set(&why, SHMPUB_ERR_INVALID, "%.*s is set twice, first in another file",
		          (int)name.size, name.data);
	else if (span_eq(as, name))
		error_set(&why, SHMPUB_ERR_INVALID, "%.*s is set twice, first in line %u",
		          (int)name.size, name.data, before);
	else
		error_set(&why, SHMPUB_ERR_INVALID, "%.*s is another name of %.*s, set in line %u",
		          (int)name.size, name.data, (int)as.size, as.data, before);
	return tell_problem(l, line, why.message, err);
}

/* On SHMPUB_ERR_INVALID *why says what is wrong with the value. */
static int set_entry(struct loader *l, const struct key *key, struct span name, struct span value,
                     struct shmpub_error *why)
{
	if (l->place == IN_DAEMON)
		return key_set(&l->config->daemon, key, value, l->base, why);
	return config_feed_set(l->feed, name, value, l->base, why);
}

static int tell_refused(struct loader *l, unsigned line, struct span value,
                        const struct shmpub_error *why, struct shmpub_error *err)
{
	const char *hint = value_hint(value);
	struct shmpub_error message;

	if (hint == NULL || strstr(why->message, hint) != NULL)
		return tell_problem(l, line, why->message, err);
	error_set(&message, SHMPUB_ERR_INVALID, "%s; %s", why->message, hint);
	return tell_problem(l, line, message.message, err);
}

/* Remembers the lines of the keys that config_check.c may warn about. */
static void note_warning_line(struct config_daemon *d, struct span name, unsigned line)
{
	if (span_is(name, "directory"))
		d->directory_line = line;
	if (span_is(name, "keep_on_exit"))
		d->keep_line = line;
}

static int set_known(struct loader *l, const struct key *key, unsigned line, struct span name,
                     struct span value, struct shmpub_error *err)
{
	struct shmpub_error why;
	int r = set_entry(l, key, name, value, &why);

	if (l->place == IN_FEED && span_is(name, "source"))
		l->feed->source_line = line;
	if (l->place == IN_DAEMON && l->file_number == 0)
		note_warning_line(&l->config->daemon, name, line);
	if (r == SHMPUB_ERR_NOMEM)
		return error_nomem(err, value.size);
	if (r) {
		note_refused(l, key ? key->name : NULL);
		return tell_refused(l, line, value, &why, err);
	}
	if (l->place == IN_DEFAULTS)
		return config_defaults_add(&l->defaults, place_of(l, line), name, value, l->base,
		                           err);
	return SHMPUB_OK;
}

static int on_entry(void *arg, unsigned line, struct span name, struct span value,
                    struct shmpub_error *err)
{
	struct loader *l = arg;
	const struct key *key;
	bool told;
	int r;

	if (l->place == IN_SKIPPED)
		return SHMPUB_OK;
	if (l->place == IN_NOTHING) {
		l->may_lack_section = true;
		return tell_problem(l, line, "a key before the first section", err);
	}
	key = key_find(l->place == IN_DAEMON ? &daemon_keys : &feed_keys, name);
	if (key == NULL && (l->place == IN_DAEMON || !csv_options_has(name)))
		return tell_unknown_key(l, line, name, err);
	if (l->file_number && key != NULL && strcmp(key->name, "include") == 0)
		return tell_problem(l, line, "include: not in an included file", err);
	if (l->place == IN_DEFAULTS && !config_defaults_may_have(name))
		return tell_problem(l, line,
		                    "not in [defaults]: each feed has its own source and segments",
		                    err);
	r = note_key(&told, l, line, name, err);
	return r || told ? r : set_known(l, key, line, name, value, err);
}

/* --- files ------------------------------------------------------------------------------------- */

static int read_file(struct buffer *text, const char *path, struct shmpub_error *err)
{
	struct source_request q = { .path = path, .takes_fresh = true, .max_size = FILE_SIZE_MAX };
	struct source_mark mark;
	int r = SOURCE_BUSY;

	for (int tries = 0; r == SOURCE_BUSY && tries < 10; tries++) {
		text->size = 0;
		q.insists = tries >= 3;
		r = source_read_all(text, &mark, &q, err);
	}
	if (r == SOURCE_BUSY)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: it is being written", path);
	return r;
}

static unsigned count_lines(struct span text)
{
	unsigned n = text.size == 0 || text.data[text.size - 1] != '\n';

	for (size_t i = 0; i < text.size; i++)
		n += text.data[i] == '\n';
	return n;
}

static int load_file(struct loader *l, const char *path, struct shmpub_error *err)
{
	struct config_events events = { on_section, on_entry, on_problem, on_is_key, l };
	struct buffer text = BUFFER_NONE;
	int r = read_file(&text, path, err);

	l->file = path;
	if (r)
		goto out;
	l->base = path_directory(path);
	l->place = IN_NOTHING;
	l->defaults_line = 0;
	l->seen_other_files_size = l->seen_daemon.size;
	if (l->file_number == 0)
		l->n_lines = count_lines(buffer_span(&text));
	r = config_read(buffer_span(&text), &events, err);
out:
	buffer_free(&text);
	return r;
}

/* An included file that cannot be read counts as a problem, not as a failure: reading goes on. */
static int include_file(void *arg, const char *path)
{
	struct loader *l = arg;
	struct shmpub_error why;
	int r;

	l->file_number++;
	r = load_file(l, path, &why);
	if (r == SHMPUB_OK || r == SHMPUB_ERR_NOMEM)
		return r;
	l->may_lack_section = true;
	return config_problem_file(l->problems, place_of(l, 0), why.message, NULL);
}

static int load_all(struct loader *l, const char *path, struct shmpub_error *err)
{
	int r = load_file(l, path, err);

	if (!r && l->config->daemon.include != NULL)
		r = process_glob(l->config->daemon.include, include_file, l, err);
	if (r || l->config->n_feeds || l->may_lack_section)
		return r;
	return config_problem(l->problems, (struct config_place){ path, 0, l->n_lines },
	                      "no feed: a section [feed NAME] with a source is wanted", err);
}

static int load(struct config **out, const char *path, bool is_check,
                struct config_problems *problems, struct shmpub_error *err)
{
	struct loader l = { .problems = problems,
		            .seen_daemon = BUFFER_NONE,
		            .defaults = CONFIG_DEFAULTS_NONE };
	int r;

	*out = NULL;
	r = config_new(&l.config, err);
	if (r)
		return r;
	r = load_all(&l, path, err);
	if (!r)
		r = config_defaults_apply(&l.defaults, l.config, problems, err);
	if (!r)
		r = config_check(l.config, problems, err);
	if (!r && is_check && problems->n == 0) /* a look at a source may hang */
		r = config_check_sources(l.config, problems, err);
	if (!r && is_check && problems->n == 0)
		r = config_check_directory(l.config, path, problems, err);
	if (!r && is_check && problems->n == 0)
		r = config_check_keep(l.config, path, problems, err);
	if (!r)
		r = config_problems_finish(problems, path, err);
	if (!r && problems->n)
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: %zu problem%s", path, problems->n,
		              problems->n == 1 ? "" : "s");
	config_defaults_free(&l.defaults);
	config_feed_release(l.examinee);
	buffer_free(&l.seen_daemon);
	if (r)
		config_free(l.config);
	else
		*out = l.config;
	return r;
}

int config_load(struct config **out, const char *path, struct config_problems *problems,
                struct shmpub_error *err)
{
	return load(out, path, false, problems, err);
}

int config_judge(struct config **out, const char *path, struct config_problems *problems,
                 struct shmpub_error *err)
{
	return load(out, path, true, problems, err);
}
