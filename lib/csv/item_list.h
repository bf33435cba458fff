/*
 * Lists in the text of an option: one CSV record, blanks around items not counted.
 *
 * A list that is { NULL, 0, false } is empty and may be freed; item_list_free leaves it
 * so. Setting replaces what was there, and on failure leaves it.
 */
#ifndef SHMPUB_CSV_ITEM_LIST_H
#define SHMPUB_CSV_ITEM_LIST_H

#include "csv/options.h"

int item_list_set(struct csv_items *list, struct span text, struct shmpub_error *err);
/* One item: the text as it is. */
int item_list_one(struct csv_items *list, struct span text, struct shmpub_error *err);
void item_list_free(struct csv_items *list);
/* Copies the text; digits that were not quoted are a position. */
int item_copy(struct csv_item *out, struct span text, bool is_quoted, struct shmpub_error *err);
/* Digits that fit. */
bool item_position(uint64_t *out, struct span text);
/* Ascending; false when an item is no position. */
bool item_list_sort_positions(struct csv_items *list);

#endif
