#include "config_defaults.h"

#include "base/alloc.h"
#include "base/error.h"
#include "keys.h"

/*
 * Each value is set in a feed by the function that sets the feed's own. A key goes by its plain name, so
 * that `sep` in a feed hides `delimiter` in [defaults]. Keys of one column (dtype.price) are keys of
 * their own.
 */

struct config_default {
	char *name, *value, *base, *file;
	unsigned file_number, line;
	bool is_told; /* a problem with it was told */
};

bool config_defaults_may_have(struct span name)
{
	return !span_is(name, "source") && !span_is(name, "csv_segment") &&
	       !span_is(name, "array_segment");
}

static void free_item(struct config_default *item)
{
	mem_free(item->name);
	mem_free(item->value);
	mem_free(item->base);
	mem_free(item->file);
}

int config_defaults_add(struct config_defaults *d, struct config_place at, struct span name,
                        struct span value, struct span base, struct shmpub_error *err)
{
	size_t capacity = d->capacity ? 2 * d->capacity : 16;
	struct config_default *more, item;

	if (d->n == d->capacity) {
		more = mem_resize(d->items, capacity * sizeof(*more));
		if (more == NULL)
			return error_nomem(err, capacity * sizeof(*more));
		d->items = more;
		d->capacity = capacity;
	}
	item = (struct config_default){ .name = mem_copy(name),
		                        .value = mem_copy(value),
		                        .base = mem_copy(base),
		                        .file = mem_copy(span_str(at.file)),
		                        .file_number = at.number,
		                        .line = at.line };
	if (item.name == NULL || item.value == NULL || item.base == NULL || item.file == NULL) {
		free_item(&item);
		return error_nomem(err, value.size);
	}
	d->items[d->n++] = item;
	return SHMPUB_OK;
}

/* False: the key says nothing of a feed of this kind, where it would be a mistake of its own. */
static bool suits(const struct config_feed *f, struct span name)
{
	bool has_array = f->array_segment != NULL;

	if (span_is(name, "array_dtype") || span_is(name, "array_columns"))
		return has_array;
	if (span_is(name, "segment_mode") || span_is(name, "segment_room"))
		return has_array || f->csv_segment != NULL;
	if (span_is(name, "timeout") || span_is(name, "max_source"))
		return source_scheme_is_fetched(f->scheme);
	if (span_is(name, "environment") || span_is(name, "user") ||
	    span_is(name, "working_directory"))
		return source_scheme_is_command(f->scheme);
	return true;
}

static int apply_item(struct config_feed *f, struct config_default *item, struct config_problems *p,
                      struct shmpub_error *err)
{
	struct config_place at = { item->file, item->file_number, item->line };
	struct span name = span_str(item->name), as;
	struct shmpub_error why, message;
	int r;

	if (item->is_told || config_key_line(&f->keys, name, &as) != 0 || !suits(f, name))
		return SHMPUB_OK;
	r = config_feed_set(f, name, span_str(item->value), span_str(item->base), &why);
	if (r == SHMPUB_OK)
		return buffer_printf(&f->keys, err, "%u %s\n", item->line, item->name);
	if (r == SHMPUB_ERR_NOMEM)
		return error_nomem(err, strlen(item->value));
	item->is_told = true;
	error_set(&message, SHMPUB_ERR_INVALID, "of feed %s: %s", f->name, why.message);
	return config_problem(p, at, message.message, err);
}

/* The values of the feed's own file come first, then those of the main file. */
static int apply_to_feed(struct config_defaults *d, struct config_feed *f,
                         struct config_problems *p, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < d->n && !r; i++) {
		if (f->file_number != 0 && d->items[i].file_number == f->file_number)
			r = apply_item(f, &d->items[i], p, err);
	}
	for (size_t i = 0; i < d->n && !r; i++) {
		if (d->items[i].file_number == 0)
			r = apply_item(f, &d->items[i], p, err);
	}
	buffer_free(&f->keys);
	return r;
}

int config_defaults_apply(struct config_defaults *d, struct config *c, struct config_problems *p,
                          struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < c->n_feeds && !r; i++)
		r = apply_to_feed(d, c->feeds[i], p, err);
	return r;
}

void config_defaults_free(struct config_defaults *d)
{
	for (size_t i = 0; i < d->n; i++)
		free_item(&d->items[i]);
	mem_free(d->items);
	*d = CONFIG_DEFAULTS_NONE;
}
