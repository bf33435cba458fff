#include "keys.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/name.h"
#include "base/utf8.h"
#include "command.h"
#include "command_line.h"
#include "config.h"
#include "fetch.h"
#include "listen_address.h"
#include "key_kinds.h"
#include "log.h"
#include "name_glob.h"
#include "path.h"
#include "segment.h"

/*
 * Every key is one row of a table: a new key needs code only if its values are of a new kind.
 * One function reads all values of a kind, so all durations, sizes and modes are written alike.
 */

static int replace_string(char **field, struct span value, struct shmpub_error *err)
{
	char *copy = mem_copy(value);

	if (copy == NULL)
		return error_nomem(err, value.size);
	mem_free(*field);
	*field = copy;
	return SHMPUB_OK;
}

static int set_text(void *field, const struct key *key, struct span value, struct span base,
                    struct shmpub_error *err)
{
	(void)base;
	if (value.size == 0)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: no value", key->name);
	return replace_string(field, value, err);
}

/* The name of a column of our own, which a snapshot has in UTF-8. */
static int set_column(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err)
{
	if (utf8_valid_prefix(value) != value.size)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: not UTF-8", key->name);
	return set_text(field, key, value, base, err);
}

#define HASH_HINT "a '#' begins a comment only at the beginning of a line"
#define QUOTE_HINT "values stand without quotes"

/*
 * Returns where " #" stands in the value. Any refused value gets a hint about it; a path is
 * refused if a blank follows the '#'.
 */
static const char *find_hash(struct span value)
{
	for (size_t i = 1; i < value.size; i++) {
		if (value.data[i] == '#' && (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
			return value.data + i;
	}
	return NULL;
}

static bool is_quoted(struct span value)
{
	return value.size >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
	       value.data[value.size - 1] == value.data[0];
}

const char *value_hint(struct span value)
{
	if (find_hash(value) != NULL)
		return HASH_HINT;
	return is_quoted(value) ? QUOTE_HINT : NULL;
}

/* Refuses values that a file's name could be, and that surely mean something else. */
static int check_mistakes(const struct key *key, struct span value, struct shmpub_error *err)
{
	const char *hash = find_hash(value);
	size_t left = hash ? value.size - (size_t)(hash - value.data) : 0;

	if (hash != NULL && (left == 1 || hash[1] == ' ' || hash[1] == '\t'))
		return error_set(err, SHMPUB_ERR_INVALID, "%s: " HASH_HINT ", or as ' ; '",
		                 key->name);
	if (is_quoted(value))
		return error_set(err, SHMPUB_ERR_INVALID, "%s: " QUOTE_HINT, key->name);
	if (value.size && value.data[0] == '~' &&
	    (value.size == 1 || path_is_separator(value.data[1])))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: '~' is not expanded, write the whole path", key->name);
	return SHMPUB_OK;
}

static int check_path(const struct key *key, struct span value, struct shmpub_error *err)
{
	int r = check_mistakes(key, value, err);

	if (r || path_check(value, err) == SHMPUB_OK)
		return r;
	error_prefix(err, 0, "%s: ", key->name);
	return SHMPUB_ERR_INVALID;
}

static int set_relative_path(void *field, struct span base, struct span value,
                             struct shmpub_error *err)
{
	struct buffer path = BUFFER_NONE;
	int r = buffer_append(&path, base, err);

	if (!r)
		r = buffer_append(&path, value, err);
	if (!r)
		r = replace_string(field, buffer_span(&path), err);
	buffer_free(&path);
	return r;
}

/* A relative path begins at the directory of the ini file that it stands in. */
static int set_path(void *field, const struct key *key, struct span value, struct span base,
                    struct shmpub_error *err)
{
	int r = check_path(key, value, err);

	if (r || value.size == 0 || path_is_absolute(value) || base.size == 0)
		return r ? r : set_text(field, key, value, base, err);
	return set_relative_path(field, base, value, err);
}

static int set_directory(void *field, const struct key *key, struct span value, struct span base,
                         struct shmpub_error *err)
{
	int r = check_mistakes(key, value, err);

	if (r)
		return r;
	return path_is_absolute_memory(value) ? set_text(field, key, value, base, err)
	                                      : set_path(field, key, value, base, err);
}

/* A source that is no file: `address` is what it is called by, without the scheme. */
static int set_address(struct config_feed *f, struct span address, struct shmpub_error *err)
{
	int r = source_address_check(f->scheme, address, err);

	return r ? r : replace_string(&f->source, address, err);
}

/*
 * Other kinds of sources have prefixes. They are refused, so that none is taken for a file's
 * name.
 */
static int check_served(enum source_scheme scheme, struct span value, struct shmpub_error *err)
{
	const char *end;

	if (value.size >= 7 && memcmp(value.data, "file://", 7) == 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "source: write the path of the file without 'file://'");
	if (scheme != SCHEME_FILE && scheme != SCHEME_PATTERN && fetch_kind_of(scheme) == NULL) {
		end = memchr(value.data, ':', value.size);
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "source: '%.*s' is not served yet, the path of a file is wanted",
		                 (int)(end - value.data) + (end[1] == '/' ? 3 : 1), value.data);
	}
	if (scheme == SCHEME_PATTERN && name_glob_has_class(value))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "source: '[:', '[.' and '[=' in a pattern are not served");
	return SHMPUB_OK;
}

static int set_source(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err)
{
	struct config_feed *f = (struct config_feed *)((char *)field -
	                                               offsetof(struct config_feed, source));
	struct span address;
	int r;

	f->scheme = source_scheme_of(&address, value);
	if (f->scheme == SCHEME_FILE && path_is_pattern(value))
		f->scheme = SCHEME_PATTERN;
	r = check_served(f->scheme, value, err);
	if (r)
		return r;
	r = source_scheme_is_fetched(f->scheme) ? set_address(f, address, err)
	                                        : set_path(field, key, value, base, err);
	if (r)
		return r;
	mem_free(f->source_name);
	f->source_name = source_address_name(f->scheme, span_str(f->source));
	return f->source_name != NULL ? SHMPUB_OK : error_nomem(err, value.size);
}

static int set_instance(void *field, const struct key *key, struct span value, struct span base,
                        struct shmpub_error *err)
{
	(void)base;
	if (!name_is_instance(value))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: 1 to 40 of A-Z a-z 0-9 _ -, not beginning with '-', wanted",
		                 key->name);
	return replace_string(field, value, err);
}

static int set_segment(void *field, const struct key *key, struct span value, struct span base,
                       struct shmpub_error *err)
{
	const char *problem = segment_name_problem(value);

	(void)base;
	if (problem != NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", key->name, problem);
	return replace_string(field, value, err);
}

static int set_user(void *field, const struct key *key, struct span value, struct span base,
                    struct shmpub_error *err)
{
	struct command_user *user;
	struct shmpub_error why;
	int r = command_user_find(&user, value, &why);

	(void)base;
	if (r == SHMPUB_ERR_NOMEM)
		return error_nomem(err, value.size);
	if (r)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", key->name, why.message);
	mem_free(*(struct command_user **)field);
	*(struct command_user **)field = user;
	return SHMPUB_OK;
}

static bool is_variable(const char *word)
{
	const char *end = strchr(word, '=');

	return end != NULL && end > word;
}

/* The value is kept as it stands; here it is only looked whether all of it are variables. */
static int set_environment(void *field, const struct key *key, struct span value, struct span base,
                           struct shmpub_error *err)
{
	struct shmpub_error why;
	char **words;
	bool ok = true;
	int r = command_line_split(&words, NULL, value, &why);

	(void)base;
	if (r == SHMPUB_ERR_NOMEM)
		return error_nomem(err, value.size);
	if (r)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", key->name, why.message);
	for (size_t i = 0; words[i] != NULL; i++)
		ok &= is_variable(words[i]);
	mem_free(words);
	return ok ? replace_string(field, value, err)
	          : error_set(err, SHMPUB_ERR_INVALID, "%s: NAME=VALUE wanted, several by blanks",
	                      key->name);
}

/* The textfile collector reads no files of other names. */
static int set_metrics_file(void *field, const struct key *key, struct span value, struct span base,
                            struct shmpub_error *err)
{
	if (value.size < 5 || memcmp(value.data + value.size - 5, ".prom", 5) != 0)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: a path that ends in .prom wanted",
		                 key->name);
	return set_path(field, key, value, base, err);
}

static int set_listen(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err)
{
	struct listen_address at;
	struct shmpub_error why;
	int r = set_text(field, key, value, base, err);

	if (!r && listen_address_parse(&at, *(char **)field, &why) != SHMPUB_OK)
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: %s", key->name, why.message);
	return r;
}

#define DAEMON(member) offsetof(struct config_daemon, member)
#define FEED(member) offsetof(struct config_feed, member)
#define DURATION_MOST_MS ((uint64_t)10000 * 3600 * 1000)

static const struct key daemon_rows[] = {
	{ "instance", set_instance, DAEMON(instance), 0, 0 },
	{ "directory", set_directory, DAEMON(directory), 0, 0 },
	{ "workers", key_set_count, DAEMON(workers), 0, 256 },
	{ "log_level", key_set_level, DAEMON(log_level), 0, 0 },
	{ "log_format", key_set_log_format, DAEMON(log_format), 0, 0 },
	{ "file_mode", key_set_file_mode, DAEMON(access.mode), 0, 0644 },
	{ "group", key_set_group, DAEMON(access.gid), 0, 0 },
	{ "keep_on_exit", key_set_bool, DAEMON(keep_on_exit), 0, 0 },
	{ "max_feeds", key_set_count, DAEMON(max_feeds), 1, 1000000 },
	{ "max_bytes", key_set_size, DAEMON(max_bytes), 0, 0 },
	{ "min_free", key_set_size, DAEMON(min_free), 0, 0 },
	{ "spare_bytes", key_set_size, DAEMON(spare_bytes), 0, 0 },
	{ "include", set_path, DAEMON(include), 0, 0 },
	{ "metrics_file", set_metrics_file, DAEMON(metrics_file), 0, 0 },
	{ "metrics_listen", set_listen, DAEMON(metrics_listen), 0, 0 },
};

static const struct key feed_rows[] = {
	{ "source", set_source, FEED(source), 0, 0 },
	{ "filename_column", set_column, FEED(filename_column), 0, 0 },
	{ "interval", key_set_duration, FEED(interval_ms), 0, DURATION_MOST_MS },
	{ "timeout", key_set_duration, FEED(timeout_ms), 1, (uint64_t)24 * 3600 * 1000 },
	{ "max_source", key_set_size, FEED(max_source), 0, 0 },
	{ "environment", set_environment, FEED(environment), 0, 0 },
	{ "user", set_user, FEED(user), 0, 0 },
	{ "working_directory", set_path, FEED(working_directory), 0, 0 },
	{ "watch", key_set_bool, FEED(watch), 0, 0 },
	{ "max_bytes", key_set_size, FEED(max_bytes), 0, 0 },
	{ "max_row_bytes", key_set_size, FEED(max_row_bytes), CONFIG_ROW_LEAST, CONFIG_ROW_MOST },
	{ "username", set_text, FEED(username), 0, 0 },
	{ "password_file", set_path, FEED(password_file), 0, 0 },
	{ "token_file", set_path, FEED(token_file), 0, 0 },
	{ "ca_file", set_path, FEED(ca_file), 0, 0 },
	{ "proxy", set_text, FEED(proxy), 0, 0 },
	{ "mode", key_set_feed_mode, FEED(appends), 0, 0 },
	{ "append_room", key_set_size, FEED(append_room), 0, 0 },
	{ "settle", key_set_duration, FEED(settle_ms), 0, (uint64_t)3600 * 1000 },
	{ "require_newline", key_set_bool, FEED(require_newline), 0, 0 },
	{ "min_rows", key_set_count, FEED(min_rows), 0, UINT64_MAX },
	{ "require_columns", set_text, FEED(require_columns), 0, 0 },
	{ "frozen_schema", key_set_bool, FEED(frozen_schema), 0, 0 },
	{ "expect_every", key_set_duration, FEED(expect_every_ms), 0, DURATION_MOST_MS },
	{ "csv_segment", set_segment, FEED(csv_segment), 0, 0 },
	{ "array_segment", set_segment, FEED(array_segment), 0, 0 },
	{ "array_dtype", key_set_dtype, FEED(array_dtype), 0, 0 },
	{ "array_columns", set_text, FEED(array_columns), 0, 0 },
	{ "segment_mode", key_set_mode, FEED(segment_access.mode), 0, 0666 },
	{ "segment_room", key_set_size, FEED(segment_room), 0, 0 },
	{ "max_rejects", key_set_rejects, FEED(max_rejects), 0, 0 },
	{ "file_mode", key_set_file_mode, FEED(access.mode), 0, 0644 },
	{ "group", key_set_group, FEED(access.gid), 0, 0 },
};

_Static_assert(ARRAY_LEN(feed_rows) <= 64, "key_bit() has a bit for each");

const struct key_table daemon_keys = { daemon_rows, ARRAY_LEN(daemon_rows) };
const struct key_table feed_keys = { feed_rows, ARRAY_LEN(feed_rows) };

const struct key *key_find(const struct key_table *table, struct span name)
{
	for (size_t i = 0; i < table->n; i++) {
		if (span_is(name, table->keys[i].name))
			return &table->keys[i];
	}
	return NULL;
}

uint64_t key_bit(const struct key_table *table, const struct key *key)
{
	return (uint64_t)1 << (key - table->keys);
}

int key_set(void *object, const struct key *key, struct span value, struct span base,
            struct shmpub_error *err)
{
	return key->set((char *)object + key->offset, key, value, base, err);
}
