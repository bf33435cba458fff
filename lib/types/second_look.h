/*
 * The types of a level of the index, which pandas infers once more when the index is made.
 * Pure; one second_look belongs to one thread.
 */
#ifndef SHMPUB_TYPES_SECOND_LOOK_H
#define SHMPUB_TYPES_SECOND_LOOK_H

#include "types/numeric.h"

/* What the second look has seen of a level. */
struct second_look {
	struct numeric numbers;
	bool has_null, has_null_number;
	bool has_not_number, has_not_bool;
};

/* `room` holds the cell once more. */
void second_look_add(struct second_look *l, const struct column_type *y, const struct columns *s,
                     struct span cell, char *room);
struct verdict second_look_verdict(const struct second_look *l);

/* The cell is a word for a bool, as the second look knows them. */
bool second_look_bool(bool *out, const struct columns *s, struct span text);
/* The value is NA by the numbers among the words for it. */
bool second_look_is_null(const struct column_type *y, struct span cell, double v);
bool second_look_is_null_number(const struct column_type *y, double v);

#endif
