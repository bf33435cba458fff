/*
 * A file as a source (source.h), one that somebody else may be writing, replacing or removing.
 * source_file_posix.c and source_file_win32.c implement it.
 *
 * Threads: worker (a file on a dead server can hang each of these calls for ever).
 * Errors:  SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID (not a regular file), SHMPUB_ERR_LIMIT,
 *          SHMPUB_ERR_NOMEM; each line begins with the path.
 */
#ifndef SHMPUBD_SOURCE_FILE_H
#define SHMPUBD_SOURCE_FILE_H

#include "source.h"

struct source_file;

/*
 * Opens the file for reading, unless its look says that there is no need to: SOURCE_UNCHANGED,
 * SOURCE_FRESH. *mark is set on SHMPUB_OK and SOURCE_FRESH, and *out on SHMPUB_OK only. `path`
 * must outlive the file.
 */
int source_file_open(struct source_file **out, struct source_mark *mark,
                     const struct source_request *request, struct shmpub_error *err);
/*
 * Reads at most `size` bytes from `offset` on, any number of times the same ones. *n is how
 * many; 0: the end. SOURCE_BUSY: a writer waits for us to close the file.
 */
int source_file_read(struct source_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                     struct shmpub_error *err);
/*
 * All bytes have been read, and no more may be: the file need not be kept open where that is in
 * a writer's way (Windows). source_file_read and source_file_check open it again, and answers
 * SOURCE_BUSY when it is not the same any more.
 */
void source_file_let_go(struct source_file *f);
/* SHMPUB_OK: the open file looks as `mark` says. SOURCE_BUSY: it does not any more. */
int source_file_check(struct source_file *f, const struct source_mark *mark,
                      struct shmpub_error *err);
/* NULL is fine. */
void source_file_close(struct source_file *f);

/* Whether a look shows the very file that `seen` marks. */
bool source_file_rests(const char *path, const struct source_mark *seen);

/* Looks at the file without opening it: *mark says nothing of who may read it. */
int source_file_look(struct source_mark *mark, const char *path, struct shmpub_error *err);
/* Whether a file that looks so is to be waited for: SOURCE_FRESH. */
bool source_file_must_wait(const struct source_mark *look, const struct source_request *request);

/* Whether the file can be opened for reading now; it is not read. *mark is set when it can. */
int source_file_usable(struct source_mark *mark, const char *path, struct shmpub_error *err);

/* Whether a failure of these functions says that this process may not read the file. */
bool source_file_is_shut(const struct shmpub_error *err);

#endif
