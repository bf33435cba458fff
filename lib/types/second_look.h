/*
 * The type of a level of the index, which pandas infers once more when it makes the index.
 *
 * Threads: a second_look belongs to one thread. All zero it has no cells.
 */
#ifndef SHMPUB_TYPES_SECOND_LOOK_H
#define SHMPUB_TYPES_SECOND_LOOK_H

#include "types/numeric.h"

/* Evidence of the second inference. */
struct second_look {
	struct numeric numbers;
	bool has_null, has_null_number;
	bool has_not_number, has_not_bool;
};

/* Adds a cell that is not NA; `room` has cell.size + 1 bytes. */
void second_look_add(struct second_look *l, const struct column_type *y, const struct columns *s,
                     struct span cell, char *room);
/* Returns the type that pandas infers. */
struct verdict second_look_verdict(const struct second_look *l);

/* Reads a bool as the second inference does. Returns false if the text is none. */
bool second_look_bool(bool *out, const struct columns *s, struct span text);
/* Returns true if the cell, whose value is `v`, is NA because an NA word has the same value. */
bool second_look_is_null(const struct column_type *y, struct span cell, double v);

#endif
