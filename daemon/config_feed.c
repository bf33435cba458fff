#include "config.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "keys.h"

/* Jobs hold a feed's configuration by references, and may hold it longer than the config lives. */

static void feed_free(struct config_feed *f)
{
	mem_free(f->name);
	mem_free(f->file);
	mem_free(f->source);
	mem_free(f->source_name);
	mem_free(f->filename_column);
	mem_free(f->environment);
	mem_free(f->user);
	mem_free(f->working_directory);
	mem_free(f->username);
	mem_free(f->password_file);
	mem_free(f->token_file);
	mem_free(f->ca_file);
	mem_free(f->proxy);
	mem_free(f->require_columns);
	mem_free(f->csv_segment);
	mem_free(f->array_segment);
	mem_free(f->array_columns);
	csv_options_free(f->csv);
	buffer_free(&f->text);
	buffer_free(&f->keys);
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

#define REJECTS_SUFFIX ".rejects"

int config_rejects_name(char **out, const char *feed, struct shmpub_error *err)
{
	struct buffer name = BUFFER_NONE;
	int r = buffer_printf(&name, err, "%s" REJECTS_SUFFIX, feed);

	if (r == SHMPUB_OK)
		*out = name.data;
	return r;
}

bool config_has_place(const struct config *c, struct span name)
{
	size_t n = strlen(REJECTS_SUFFIX);
	const struct config_feed *f = config_find(c, name);

	if (f != NULL || name.size <= n ||
	    memcmp(name.data + name.size - n, REJECTS_SUFFIX, n) != 0)
		return f != NULL;
	f = config_find(c, span_of(name.data, name.size - n));
	return f != NULL && f->csv->keeps_rejects;
}

bool config_feed_equal(const struct config_feed *a, const struct config_feed *b)
{
	return a == b ||
	       (span_eq(buffer_span(&a->text), buffer_span(&b->text)) &&
	        strcmp(a->source, b->source) == 0 && shm_access_equal(&a->access, &b->access) &&
	        shm_access_equal(&a->segment_access, &b->segment_access));
}

int config_feed_new(struct config_feed **out, struct span name, struct config_place at,
                    struct shmpub_error *err)
{
	struct config_feed *f = mem_zalloc(1, sizeof(*f));

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->n_references = 1;
	f->line = at.line;
	f->file_number = at.number;
	f->interval_ms = 5000;
	f->timeout_ms = 30000;
	f->max_source = (uint64_t)1 << 30;
	f->append_room = (uint64_t)1 << 30;
	f->max_rejects = (struct reject_limit){ UINT64_MAX, 1000000 };
	f->access.gid = -1;
	f->segment_access.gid = -1;
	f->text = f->keys = BUFFER_NONE;
	f->name = mem_copy(name);
	f->file = mem_copy(span_str(at.file));
	if (f->name == NULL || f->file == NULL || csv_options_new(&f->csv, NULL) != SHMPUB_OK) {
		feed_free(f);
		return error_nomem(err, sizeof(*f));
	}
	*out = f;
	return SHMPUB_OK;
}

int config_feed_set(struct config_feed *f, struct span name, struct span value, struct span base,
                    struct shmpub_error *err)
{
	const struct key *key = key_find(&feed_keys, name);
	int r = key != NULL ? key_set(f, key, value, base, err)
	                    : csv_options_set(f->csv, name, value, err);

	if (r || span_is(name, "interval")) /* a new interval needs no new table */
		return r;
	return buffer_printf(&f->text, err, "%.*s=%.*s\n", (int)name.size, name.data,
	                     (int)value.size, value.data);
}

unsigned config_key_line(const struct buffer *keys, struct span name, struct span *as)
{
	size_t at = 0;

	while (at < keys->size) {
		const char *line = keys->data + at, *blank, *end;

		blank = memchr(line, ' ', keys->size - at);
		end = memchr(line, '\n', keys->size - at);
		*as = span_of(blank + 1, (size_t)(end - blank) - 1);
		if (span_eq(csv_options_main_name(*as), csv_options_main_name(name)))
			return (unsigned)strtoul(line, NULL, 10);
		at += (size_t)(end - line) + 1;
	}
	return 0;
}
