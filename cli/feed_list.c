#include "feed_list.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"
#include "human.h"

/*
 * The catalog's order is that of arrival, which means nothing to a person: lists go by
 * name. A feed that was never published shows "-" where a snapshot would have a figure.
 */

static int by_name(const void *a, const void *b)
{
	const struct shmpub_feed_info *x = a, *y = b;

	return strcmp(x->name, y->name);
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
	do {
		r = grow(out, err);
		if (r == SHMPUB_OK)
			r = shmpub_feed_next(&out->items[out->n], reader, &position, err);
		if (r == SHMPUB_OK)
			out->n++;
	} while (r == SHMPUB_OK);
	if (r != SHMPUB_NO_FEED)
		return r;
	qsort(out->items, out->n, sizeof(*out->items), by_name);
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

static void blank_cells(struct align *t, int n)
{
	for (int i = 0; i < n; i++)
		align_str(t, "-");
}

static void snapshot_cells(struct align *t, const struct shmpub_feed_info *f, int64_t now_ns)
{
	char text[32];

	align_printf(t, "%llu", (unsigned long long)f->sequence);
	human_count(text, f->rows);
	align_str(t, text);
	human_count(text, f->columns);
	align_str(t, text);
	human_size(text, f->size);
	align_str(t, text);
	human_age(text, now_ns - f->published_ns);
	align_str(t, text);
}

void feed_list_table(struct align *t, const struct feed_list *list, int64_t now_ns)
{
	static const char *const titles[] = { "FEED", "STATE", "SEQUENCE", "ROWS", "COLUMNS",
		                              "SIZE", "AGE",   "EVERY",    "ERROR" };
	char text[HUMAN_SIZE];

	t->layout = "llrrrrrrl";
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		align_str(t, titles[i]);
	for (size_t i = 0; i < list->n; i++) {
		const struct shmpub_feed_info *f = &list->items[i];

		align_str(t, f->name);
		align_str(t, feed_state(f->state));
		if (f->sequence > 0)
			snapshot_cells(t, f, now_ns);
		else
			blank_cells(t, 5);
		human_interval(text, f->interval_ms);
		align_str(t, text);
		align_str(t, f->error);
	}
}

static void age_member(struct json *j, const struct shmpub_feed_info *f, int64_t now_ns)
{
	char text[32];

	json_key(j, span_str("age_s"));
	if (f->sequence == 0) {
		json_null(j);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.3f", (double)(now_ns - f->published_ns) / 1e9);
	json_plain(j, span_str(text));
}

void feed_members(struct json *j, const struct shmpub_feed_info *f, int64_t now_ns)
{
	const struct {
		const char *key;
		uint64_t value;
	} counts[] = {
		{ "sequence", f->sequence },
		{ "rows", f->rows },
		{ "columns", f->columns },
		{ "bytes", f->size },
		{ "interval_ms", f->interval_ms },
		{ "refreshes", f->refreshes },
		{ "unchanged", f->unchanged },
		{ "failures", f->failures },
		{ "consecutive_failures", f->consecutive_failures },
		{ "held_bytes", f->held_bytes },
		{ "source_bytes", f->source_size },
		{ "skipped_rows", f->skipped_rows },
		{ "read_ns", f->read_ns },
		{ "parse_ns", f->parse_ns },
	};

	json_member_string(j, "feed", span_str(f->name));
	json_member_string(j, "state", span_str(feed_state(f->state)));
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		json_member_uint(j, counts[i].key, counts[i].value);
	json_member_int(j, "published_ns", f->published_ns);
	json_member_int(j, "source_mtime_ns", f->source_mtime_ns);
	json_member_int(j, "last_attempt_ns", f->last_attempt_ns);
	age_member(j, f, now_ns);
	json_member_string(j, "error", span_str(f->error));
}
