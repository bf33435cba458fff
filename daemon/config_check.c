#include "config_check.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/name.h"
#include "fetch.h"
#include "file_set.h"
#include "file_mode.h"
#include "keys.h"
#include "source_file.h"
#include "segment.h"

/*
 * Names that must differ are sorted, and each is compared with its neighbour, so that thousands
 * of feeds cost no more than a sort.
 */

struct named_feed {
	const char *name;
	struct config_feed *feed;
	size_t order; /* in the files; of two equal names the later is told */
};

static int compare_names(const void *a, const void *b)
{
	const struct named_feed *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->order < y->order ? -1 : 1;
}

static int tell_problem(struct config_problems *p, const struct config_feed *f, const char *message,
                        struct shmpub_error *err)
{
	return config_problem(p, config_feed_place(f), message, err);
}

/* Tells each name that stands twice. `word` says what it names: "feed" or "segment". */
static int check_names_differ(const struct named_feed *names, size_t n, const char *word,
                              struct config_problems *p, struct shmpub_error *err)
{
	struct shmpub_error message;
	int r = SHMPUB_OK;

	for (size_t i = 1; i < n && !r; i++) {
		if (strcmp(names[i].name, names[i - 1].name) != 0)
			continue;
		error_set(&message, SHMPUB_ERR_INVALID, "%s %s is already that of %s:%u", word,
		          names[i].name, names[i - 1].feed->file, names[i - 1].feed->line);
		r = tell_problem(p, names[i].feed, message.message, err);
	}
	return r;
}

static void add_named(struct named_feed *names, size_t *n, const char *name,
                      struct config_feed *feed)
{
	if (name != NULL) {
		names[*n] = (struct named_feed){ name, feed, *n };
		++*n;
	}
}

/* True when the feed before has the same name: the feeds are sorted by name. */
static bool is_duplicate(const struct config *c, size_t i)
{
	return i > 0 && strcmp(c->feeds[i]->name, c->feeds[i - 1]->name) == 0;
}

static int check_feed_names(struct config *c, struct named_feed *names, struct config_problems *p,
                            struct shmpub_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_feeds; i++)
		add_named(names, &n, c->feeds[i]->name, c->feeds[i]);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 0; i < n; i++)
		c->feeds[i] = names[i].feed;
	return check_names_differ(names, n, "feed", p, err);
}

static bool appears_later(const struct config_feed *x, const struct config_feed *y)
{
	return x->file_number != y->file_number ? x->file_number > y->file_number
	                                        : x->line > y->line;
}

static int compare_appearance(const void *a, const void *b)
{
	const struct config_feed *x = ((const struct named_feed *)a)->feed;
	const struct config_feed *y = ((const struct named_feed *)b)->feed;

	return appears_later(x, y) - appears_later(y, x);
}

/* When two feeds name the same segment, the problem is told of the one that stands later. */
static int check_segment_names(struct config *c, struct named_feed *names,
                               struct config_problems *p, struct shmpub_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_feeds; i++) {
		if (is_duplicate(c, i)) /* told by check_feed_names */
			continue;
		add_named(names, &n, segment_name_key(c->feeds[i]->csv_segment), c->feeds[i]);
		add_named(names, &n, segment_name_key(c->feeds[i]->array_segment), c->feeds[i]);
	}
	qsort(names, n, sizeof(*names), compare_appearance);
	for (size_t i = 0; i < n; i++)
		names[i].order = i;
	qsort(names, n, sizeof(*names), compare_names);
	return check_names_differ(names, n, "segment", p, err);
}

/* The feed of a feed's rejects needs a name that is short enough, and that nobody else has. */
static int check_rejects_name(const struct config_feed *f, const struct config *c,
                              struct config_problems *p, struct shmpub_error *err)
{
	const struct config_feed *other;
	struct shmpub_error message;
	char *name;
	int r;

	if (!f->csv->keeps_rejects)
		return SHMPUB_OK;
	r = config_rejects_name(&name, f->name, err);
	if (r)
		return r;
	other = config_find(c, span_str(name));
	if (other != NULL)
		error_set(&message, SHMPUB_ERR_INVALID,
		          "on_bad_lines = feed needs the name %s, which is already that of %s:%u",
		          name, other->file, other->line);
	else if (!name_is_feed(span_str(name)))
		error_set(&message, SHMPUB_ERR_INVALID,
		          "on_bad_lines = feed makes the feed %s, whose name is longer than 40",
		          name);
	else
		message.message[0] = '\0';
	mem_free(name);
	return message.message[0] != '\0' ? tell_problem(p, f, message.message, err) : SHMPUB_OK;
}

static bool is_refused(const struct config_feed *f, const char *key)
{
	return (f->refused & key_bit(&feed_keys, key_find(&feed_keys, span_str(key)))) != 0;
}

/*
 * Says what is wrong with the array_* keys in combination; NULL: nothing. A key whose value was
 * refused has a problem of its own already.
 */
static const char *array_problem(const struct config_feed *f)
{
	if (is_refused(f, "array_segment") || is_refused(f, "array_dtype") ||
	    is_refused(f, "array_columns"))
		return NULL;
	if (f->array_segment != NULL && f->array_dtype == ARRAY_NONE)
		return "array_segment without array_dtype";
	if (f->array_segment == NULL && (f->array_dtype != ARRAY_NONE || f->array_columns != NULL))
		return "array_dtype and array_columns need array_segment";
	return NULL;
}

/* Rows are added at the end of one file, which never rests. */
static const char *append_problem(const struct config_feed *f)
{
	if (!f->appends || f->source == NULL)
		return NULL;
	if (f->scheme != SCHEME_FILE)
		return "mode = append needs one file as source";
	if (f->csv->encoding >= CSV_UTF16)
		return "mode = append needs an encoding whose line ends are one byte";
	return f->settle_ms != 0 ? "settle waits for a file that rests, and mode = append does not"
	                         : NULL;
}

/* There are no events of a command or a server, and what was fetched is at its end. */
static const char *file_problem(const struct config_feed *f)
{
	if (!source_scheme_is_fetched(f->scheme) || f->source == NULL)
		return NULL;
	if (f->watch)
		return "watch needs a file as source";
	return f->settle_ms != 0 ? "settle needs a file as source" : NULL;
}

static const char *segment_problem(const struct config_feed *f, const char *instance)
{
	bool has_segment = f->csv_segment != NULL || f->array_segment != NULL ||
	                   is_refused(f, "csv_segment") || is_refused(f, "array_segment");

	if (!has_segment && f->segment_access.mode != 0)
		return "segment_mode without csv_segment or array_segment";
	if (!has_segment && f->segment_room != 0)
		return "segment_room without csv_segment or array_segment";
	if (f->csv_segment != NULL && strcmp(f->csv_segment, instance) == 0)
		return "csv_segment has the instance's name";
	if (f->array_segment != NULL && strcmp(f->array_segment, instance) == 0)
		return "array_segment has the instance's name";
	return NULL;
}

static void inherit_defaults(struct config_feed *f, const struct config_daemon *d)
{
	if (f->access.mode == 0)
		f->access.mode = d->access.mode;
	if (f->access.gid < 0)
		f->access.gid = d->access.gid;
	f->segment_access.gid = f->access.gid;
}

static int check_feed(struct config_feed *f, const struct config *c, struct config_problems *p,
                      struct shmpub_error *err)
{
	const char *problems[] = { file_problem(f), append_problem(f), array_problem(f),
		                   segment_problem(f, c->daemon.instance) };
	int r = SHMPUB_OK;

	if (f->source == NULL && !is_refused(f, "source"))
		r = tell_problem(p, f, "no source", err);
	for (size_t i = 0; i < ARRAY_LEN(problems) && !r; i++) {
		if (problems[i] != NULL)
			r = tell_problem(p, f, problems[i], err);
	}
	return r ? r : check_rejects_name(f, c, p, err);
}

static int check_feeds(struct config *c, struct config_problems *p, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < c->n_feeds && !r; i++) {
		if (!is_duplicate(c, i))
			r = check_feed(c->feeds[i], c, p, err);
		inherit_defaults(c->feeds[i], &c->daemon);
	}
	return r;
}

static int check_count(const struct config *c, struct config_problems *p, struct shmpub_error *err)
{
	const struct config_feed *last = c->n_feeds ? c->feeds[0] : NULL;
	struct shmpub_error message;
	size_t n = 0;

	for (size_t i = 0; i < c->n_feeds; i++)
		n += config_feed_places(c->feeds[i]);
	if (n <= c->daemon.max_feeds)
		return SHMPUB_OK;
	for (size_t i = 1; i < c->n_feeds; i++) {
		if (appears_later(c->feeds[i], last))
			last = c->feeds[i];
	}
	error_set(&message, SHMPUB_ERR_INVALID, "%zu feeds, max_feeds is %llu", n,
	          (unsigned long long)c->daemon.max_feeds);
	return tell_problem(p, last, message.message, err);
}

int config_check(struct config *c, struct config_problems *problems, struct shmpub_error *err)
{
	struct named_feed *names = mem_zalloc(2 * c->n_feeds + 1, sizeof(*names));
	int r;

	if (names == NULL)
		return error_nomem(err, 2 * c->n_feeds * sizeof(*names));
	r = check_feed_names(c, names, problems, err);
	if (!r)
		r = check_segment_names(c, names, problems, err);
	if (!r)
		r = check_feeds(c, problems, err);
	if (!r)
		r = check_count(c, problems, err);
	mem_free(names);
	return r;
}

/* --- the directory ------------------------------------------------------------------------------ */

int config_check_directory(const struct config *c, const char *path,
                           struct config_problems *problems, struct shmpub_error *err)
{
	const struct config_daemon *d = &c->daemon;
	struct config_place at = { path, 0, d->directory_line ? d->directory_line : 1 };
	bool may_recycle = shm_names_persist(); /* elsewhere no system recycles */
	struct shm_dir dir = SHM_DIR_NONE;
	struct shmpub_error why, message;
	bool is_missing = false;
	int r = shm_dir_open(&dir, d->directory, d->instance, &why);

	if (r != SHMPUB_OK) { /* the instance does not exist yet */
		r = shm_dir_base(&dir, d->directory, &why);
		is_missing = r != SHMPUB_OK;
	}
	if (r == SHMPUB_OK && may_recycle)
		r = shm_dir_recycles(&dir, &why);
	shm_dir_close(&dir);
	if (r != SHM_UNFIT && !is_missing)
		return SHMPUB_OK;
	error_set(&message, SHMPUB_ERR_INVALID, "directory: %s", why.message);
	return config_warning(problems, at, message.message, err);
}

int config_check_keep(const struct config *c, const char *path, struct config_problems *problems,
                      struct shmpub_error *err)
{
	const struct config_daemon *d = &c->daemon;
	struct config_place at = { path, 0, d->keep_line ? d->keep_line : 1 };

	if (!d->keep_on_exit || shm_names_persist())
		return SHMPUB_OK;
	return config_warning(problems, at,
	                      "keep_on_exit: shared memory ends with its last user on this system, "
	                      "so nothing stays",
	                      err);
}

/* --- sources ------------------------------------------------------------------------------------ */

/*
 * A mode in the ini that lets more users read than the source does is a warning only: it may be
 * intended.
 */
static int check_modes(const struct config_feed *f, const struct source_mark *mark,
                       struct config_problems *p, struct shmpub_error *err)
{
	struct config_place at = config_feed_place(f);
	struct shmpub_error message;
	unsigned mode;
	const char *key = file_mode_opens(&mode, f, mark);

	if (key == NULL)
		return SHMPUB_OK;
	error_set(&message, SHMPUB_ERR_INVALID,
	          "%s %04o: more users may read than %s lets read (%04o)", key, mode, f->source,
	          mark->mode);
	return config_warning(p, at, message.message, err);
}

/*
 * What is fetched has no mode of its own. So the daemon's user alone may read the table, which is
 * told, because the tables of files are often for everybody.
 */
static int check_fetched(const struct config_feed *f, struct config_problems *p,
                         struct shmpub_error *err)
{
	struct config_place at = config_feed_place(f);
	struct shmpub_error why, message;
	int r = SHMPUB_OK;

	at.line = f->source_line;
	if (fetch_kind_of(f->scheme)->usable(f, &why) != SHMPUB_OK) {
		error_set(&message, SHMPUB_ERR_INVALID, "source: %s", why.message);
		r = config_warning(p, at, message.message, err);
	}
	if (r || f->access.mode != FILE_MODE_AUTO)
		return r;
	return config_warning(p, config_feed_place(f),
	                      "file_mode auto: nobody but the daemon's user may read what is "
	                      "fetched, a mode (0644, say) lets others read",
	                      err);
}

static int check_source(const struct config_feed *f, struct config_problems *p,
                        struct shmpub_error *err)
{
	struct config_place at = config_feed_place(f);
	struct shmpub_error why, message;
	struct source_mark mark;
	const char *hint = value_hint(span_str(f->source));
	size_t n;
	int r;

	at.line = f->source_line;
	r = f->scheme == SCHEME_PATTERN ? file_set_usable(&mark, &n, f->source, &why)
	                                : source_file_usable(&mark, f->source, &why);
	if (r == SHMPUB_OK)
		return check_modes(f, &mark, p, err);
	error_set(&message, SHMPUB_ERR_INVALID, "source: %s%s%s", why.message, hint ? "; " : "",
	          hint ? hint : "");
	return config_warning(p, at, message.message, err);
}

/* Says which key has no effect, as its writer may mean that something happens. NULL: none. */
static const char *url_problem(const struct config_feed *f)
{
	if (f->username != NULL || f->password_file != NULL)
		return "username and password_file: only a URL has them";
	if (f->token_file != NULL)
		return "token_file: only a URL has one";
	if (f->ca_file != NULL)
		return "ca_file: only a URL has one";
	return f->proxy != NULL ? "proxy: only a URL has one" : NULL;
}

/* The same of the keys of commands. */
static const char *fetch_problem(const struct config_feed *f)
{
	if (f->environment != NULL)
		return "environment: only a command gets variables";
	if (f->user != NULL)
		return "user: only a command runs as another user";
	if (f->working_directory != NULL)
		return "working_directory: only a command has one";
	return NULL;
}

static int check_effects(const struct config_feed *f, struct config_problems *p,
                         struct shmpub_error *err)
{
	const char *problem = source_scheme_is_command(f->scheme) ? NULL : fetch_problem(f);

	if (problem == NULL && f->scheme != SCHEME_HTTP)
		problem = url_problem(f);
	if (problem == NULL && f->scheme != SCHEME_PATTERN && f->filename_column != NULL)
		problem = "filename_column: only a pattern of files has one";
	return problem != NULL ? config_warning(p, config_feed_place(f), problem, err) : SHMPUB_OK;
}

int config_check_sources(const struct config *c, struct config_problems *problems,
                         struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < c->n_feeds && !r; i++) {
		const struct config_feed *f = c->feeds[i];

		if (f->source == NULL)
			continue;
		r = check_effects(f, problems, err);
		if (!r)
			r = source_scheme_is_fetched(f->scheme) ? check_fetched(f, problems, err)
			                                        : check_source(f, problems, err);
	}
	return r;
}
