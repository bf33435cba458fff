/*
 * Columns that pandas reads twice: first by its parser, then as dates and as levels of
 * the index.
 *
 * Both go over the text that the values spell: "007" that was read as an integer is "7".
 * Only the whole column shows what it is first read as, so that these columns are looked
 * at in full before they are filled.
 */
#ifndef SHMPUB_INGEST_AGAIN_H
#define SHMPUB_INGEST_AGAIN_H

#include "ingest/part.h"

/* Settles the column (column_is_twofold) over all rows; an error where pandas raises one. */
int again_settle(struct part *p, size_t column);

/* The cell's text as the second reading sees it; data NULL: NA. Good until the next one. */
struct span again_cell(struct part *p, const struct column *c, struct span cell);

/*
 * Notes an integer of a level, at `at` in the text, that pandas cannot make a double of, which it tries: an error
 * should the column be one of such integers, which only the end of the fill knows.
 */
void again_note_large(struct part *p, size_t column, struct span cell, const char *at);

/* Numbers and bools of a level that was inferred again. */
fill_fn fill_again;
/* A column that has a name and no field. */
fill_fn fill_missing;

#endif
