/*
 * Tells by a file's access list who may read it.
 *
 * Threads: worker. Errors: none. If the list cannot be read or is of an unknown kind, only the
 *          daemon's user counts.
 */
#ifndef SHMPUBD_SOURCE_READERS_WIN32_H
#define SHMPUBD_SOURCE_READERS_WIN32_H

#include <windows.h>
#include "source.h"

/* Sets m->readers and m->mode. `h` was opened with the right to read the list. */
void source_set_readers(struct source_mark *m, HANDLE h);

#endif
