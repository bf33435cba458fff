#include "csv/item_list.h"

#include <stdlib.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * The text of one option has few items, so a list grows by one item at a time. A quoted item may
 * contain commas and blanks; `""` in it is one quote.
 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

bool item_parse_position(uint64_t *out, struct span text)
{
	uint64_t v = 0;

	if (text.size == 0 || text.size > 18)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.data[i] - '0');
	}
	*out = v;
	return true;
}

int item_init(struct csv_item *out, struct span text, bool is_quoted, struct shmpub_error *err)
{
	struct csv_item item = { .is_position = false };
	char *copy = mem_copy(text);

	if (copy == NULL)
		return error_nomem(err, text.size + 1);
	item.text = span_of(copy, text.size);
	item.is_position = !is_quoted && item_parse_position(&item.position, text);
	*out = item;
	return SHMPUB_OK;
}

void item_deinit(struct csv_item *item)
{
	mem_free((void *)(uintptr_t)item->text.data);
	item->text = SPAN_NONE;
}

static int append(struct csv_items *list, struct span text, bool is_quoted,
                  struct shmpub_error *err)
{
	struct csv_item *items = mem_resize(list->items, (list->n + 1) * sizeof(*items));
	int r;

	if (items == NULL)
		return error_nomem(err, (list->n + 1) * sizeof(*items));
	list->items = items;
	r = item_init(&items[list->n], text, is_quoted, err);
	if (r)
		return r;
	list->n++;
	return SHMPUB_OK;
}

/*
 * Reads a quoted item, writes its text to `copy` (with room for the whole option), and returns
 * the byte after the item and its blanks. NULL: there is no closing quote.
 */
static const char *read_quoted(struct span *item, char *copy, const char *p, const char *end)
{
	size_t n = 0;

	for (p++; p < end; p++) {
		if (*p == '"') {
			if (p + 1 == end || p[1] != '"')
				break;
			p++;
		}
		copy[n++] = *p;
	}
	*item = span_of(copy, n);
	return p < end ? skip_blanks(p + 1, end) : NULL;
}

/* Reads an item without quotes and returns the byte after it: a comma, or the end. */
static const char *read_bare(struct span *item, const char *p, const char *end)
{
	const char *comma = memchr(p, ',', (size_t)(end - p));
	const char *stop = comma ? comma : end, *last = stop;

	while (last > p && is_blank(last[-1]))
		last--;
	*item = span_of(p, (size_t)(last - p));
	return stop;
}

static int read_items(struct csv_items *list, char *copy, struct span text,
                      struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;
	struct span item;
	bool is_quoted;
	int r;

	for (;;) {
		p = skip_blanks(p, end);
		is_quoted = p < end && *p == '"';
		p = is_quoted ? read_quoted(&item, copy, p, end) : read_bare(&item, p, end);
		if (p == NULL || (p < end && *p != ','))
			return error_set(err, SHMPUB_ERR_INVALID, "\"%.*s\" is not a list",
			                 span_shown(text, 80), text.data);
		r = append(list, item, is_quoted, err);
		if (r)
			return r;
		if (p == end)
			return SHMPUB_OK;
		p++;
	}
}

int item_list_set(struct csv_items *list, struct span text, struct shmpub_error *err)
{
	struct csv_items made = { .is_given = true };
	char *copy = mem_alloc(text.size + 1);
	int r;

	if (copy == NULL)
		return error_nomem(err, text.size + 1);
	r = text.size ? read_items(&made, copy, text, err) : SHMPUB_OK;
	mem_free(copy);
	if (r) {
		item_list_free(&made);
		return r;
	}
	item_list_free(list);
	*list = made;
	return SHMPUB_OK;
}

int item_list_set_one(struct csv_items *list, struct span text, struct shmpub_error *err)
{
	struct csv_items made = { .is_given = true };
	int r = append(&made, text, true, err);

	if (r) {
		item_list_free(&made);
		return r;
	}
	item_list_free(list);
	*list = made;
	return SHMPUB_OK;
}

void item_list_free(struct csv_items *list)
{
	for (size_t i = 0; i < list->n; i++)
		item_deinit(&list->items[i]);
	mem_free(list->items);
	*list = CSV_ITEMS_NONE;
}

static int compare_positions(const void *a, const void *b)
{
	const struct csv_item *x = a, *y = b;

	return (x->position > y->position) - (x->position < y->position);
}

bool item_list_sort_positions(struct csv_items *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!list->items[i].is_position)
			return false;
	}
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_positions);
	return true;
}
