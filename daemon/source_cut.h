/*
 * The whole lines of a file that is growing.
 *
 * Threads: worker.
 */
#ifndef SHMPUBD_SOURCE_CUT_H
#define SHMPUBD_SOURCE_CUT_H

#include "source_file.h"

/*
 * Sets the size of *mark, which is that of `f` at its opening, to the end of the last line in it.
 * SOURCE_BUSY: there is no whole line, or the file has become shorter.
 */
int source_cut(struct source_mark *mark, struct source_file *f, struct shmpub_error *err);

#endif
