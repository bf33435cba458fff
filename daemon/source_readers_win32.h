/*
 * Who may read a file, by its access list.
 *
 * Threads: worker. Errors: none; where the list cannot be read, or is of a kind that is not known
 *          here, nobody but the daemon's user counts.
 */
#ifndef SHMPUBD_SOURCE_READERS_WIN32_H
#define SHMPUBD_SOURCE_READERS_WIN32_H

#include <windows.h>
#include "source.h"

/* Sets m->readers and m->mode. `h` was opened with the right to read the list. */
void source_set_readers(struct source_mark *m, HANDLE h);

#endif
