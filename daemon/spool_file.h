/*
 * A file without a name for the bytes of a spool (spool.h). spool_file_posix.c and
 * spool_file_win32.c implement it.
 *
 * Threads: one call at a time.
 * Errors:  SHMPUB_ERR_SYS, the line begins with the directory; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SPOOL_FILE_H
#define SHMPUBD_SPOOL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct spool_file;

/* `directory` must outlive the file; NULL: where the system puts such files. */
int spool_file_open(struct spool_file **out, const char *directory, struct shmpub_error *err);
/* Writes all of the bytes at `offset`, or fails. */
int spool_file_write(struct spool_file *f, uint64_t offset, struct span bytes,
                     struct shmpub_error *err);
/* Reads at most `size` bytes at `offset`. *n is how many, at least 1 where the file has any. */
int spool_file_read(struct spool_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                    struct shmpub_error *err);
/* NULL is fine. */
void spool_file_close(struct spool_file *f);

#endif
