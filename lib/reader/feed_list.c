#include "reader/feed_list.h"

#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "base/span.h"
#include "reader/reader.h"

/*
 * The catalog has feeds in the order in which they came, which says nothing to a person: lists
 * are sorted by name.
 */

static int compare_names(const void *a, const void *b)
{
	const struct shmpub_feed_info *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int urgency_of(enum shmpub_feed_state state)
{
	static const int needs[] = {
		[SHMPUB_FEED_FAILING] = -3,
		[SHMPUB_FEED_STALE] = -2,
		[SHMPUB_FEED_NEVER] = -1,
	};

	return (unsigned)state < ARRAY_LEN(needs) ? needs[state] : 0;
}

static int compare_urgency(const void *a, const void *b)
{
	const struct shmpub_feed_info *x = a, *y = b;
	int order = urgency_of(x->state) - urgency_of(y->state);

	return order != 0 ? order : compare_names(a, b);
}

void feed_list_sort_by_need(struct feed_list *list)
{
	if (list->n > 0)
		qsort(list->items, list->n, sizeof(*list->items), compare_urgency);
}

size_t feed_list_count(const struct feed_list *list, enum shmpub_feed_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += list->items[i].state == state;
	return n;
}

static int grow(struct feed_list *l, struct shmpub_error *err)
{
	size_t capacity = l->capacity > 0 ? l->capacity * 2 : 16;
	void *more;

	if (l->n < l->capacity)
		return SHMPUB_OK;
	more = mem_resize(l->items, capacity * sizeof(*l->items));
	if (more == NULL)
		return error_nomem(err, capacity * sizeof(*l->items));
	l->items = more;
	l->capacity = capacity;
	return SHMPUB_OK;
}

int feed_list_read(struct feed_list *out, struct shmpub_reader *reader, struct shmpub_error *err)
{
	uint32_t position = 0;
	int r;

	out->n = 0;
	r = reader_instance(&out->instance, reader, err);
	if (r)
		return r;
	do {
		r = grow(out, err);
		if (r == SHMPUB_OK)
			r = reader_feed_next(&out->items[out->n], reader, &position, err);
		if (r == SHMPUB_OK)
			out->n++;
	} while (r == SHMPUB_OK);
	if (r != SHMPUB_NO_FEED)
		return r;
	qsort(out->items, out->n, sizeof(*out->items), compare_names);
	return SHMPUB_OK;
}

void feed_list_free(struct feed_list *list)
{
	mem_free(list->items);
	*list = FEED_LIST_NONE;
}

const char *feed_state(enum shmpub_feed_state state)
{
	static const char *const names[] = {
		[SHMPUB_FEED_NEVER] = "never",     [SHMPUB_FEED_FRESH] = "fresh",
		[SHMPUB_FEED_STALE] = "stale",     [SHMPUB_FEED_FAILING] = "failing",
		[SHMPUB_FEED_REMOVED] = "removed", [SHMPUB_FEED_GONE] = "gone",
	};

	return (unsigned)state < ARRAY_LEN(names) && names[state] != NULL ? names[state] : "?";
}

int64_t feed_data_ns(const struct shmpub_feed_info *feed)
{
	return feed->source_mtime_ns != 0 ? feed->source_mtime_ns : feed->published_ns;
}
