/* The type of a column by what was seen of its cells. Pure. */
#ifndef SHMPUB_TYPES_DECIDE_H
#define SHMPUB_TYPES_DECIDE_H

#include "types/notes.h"
#include "types/verdict.h"

/* Not for columns that pandas reads twice: again.h. */
struct verdict decide_type(const struct column *c, const struct column_notes *notes);

#endif
