/*
 * Parses the lists of options (`a, b, "c, d"`): one CSV record; blanks around an item are not
 * part of it. Internal to this room.
 *
 * Lifetime: CSV_ITEMS_NONE is an empty list and may be freed; item_list_free() makes any list a
 *           CSV_ITEMS_NONE. Lists own copies of their items' text.
 * Errors:   SHMPUB_ERR_INVALID when the text is not a list, or SHMPUB_ERR_NOMEM. A list that
 *           was to be set is then unchanged.
 */
#ifndef SHMPUB_CSV_ITEM_LIST_H
#define SHMPUB_CSV_ITEM_LIST_H

#include "csv/options.h"

/* Replaces the list by the items that `text` lists. */
int item_list_set(struct csv_items *list, struct span text, struct shmpub_error *err);
/* Replaces the list by one item, whose text is all of `text` and never a position. */
int item_list_set_one(struct csv_items *list, struct span text, struct shmpub_error *err);
void item_list_free(struct csv_items *list);
/* Sorts the items by their positions; false, and nothing is sorted: an item is no position. */
bool item_list_sort_positions(struct csv_items *list);

/* Sets *out to an item with a copy of `text`; it is a position if it is digits without quotes. */
int item_init(struct csv_item *out, struct span text, bool is_quoted, struct shmpub_error *err);
void item_deinit(struct csv_item *item);
/* Parses a position; false: it is not written with digits alone, or with more than 18. */
bool item_parse_position(uint64_t *out, struct span text);

#endif
