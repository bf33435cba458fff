/* Decides the type of a column by the notes of its cells. Threads: pure functions, any thread. */
#ifndef SHMPUB_TYPES_DECIDE_H
#define SHMPUB_TYPES_DECIDE_H

#include "types/notes.h"
#include "types/verdict.h"

/* Returns the verdict. A column that pandas reads twice is for again_find_type() instead. */
struct verdict decide_type(const struct column *c, const struct column_notes *notes);

#endif
