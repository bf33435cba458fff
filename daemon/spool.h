/*
 * The bytes of a source that cannot be read twice, kept in a file without a name: what comes
 * later in the source is added, and all of it can be read again. The file is gone as soon as it
 * is closed, also when the process is killed.
 *
 * Only POSIX has such sources today (spool_posix.c).
 *
 * Threads:  one call at a time. Lifetime: SPOOL_NONE is empty and may be closed; closing leaves
 *           it so. The file is made with the first bytes.
 * Errors:   SHMPUB_ERR_SYS; the line begins with the directory.
 */
#ifndef SHMPUBD_SPOOL_H
#define SHMPUBD_SPOOL_H

#include <stdint.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct spool {
	int fd;        /* -1: there is no file yet */
	uint64_t size; /* bytes kept */
};
#define SPOOL_NONE ((struct spool){ .fd = -1 })

/* Adds bytes at the end. `directory` is where the file is made; NULL: where the system puts such. */
int spool_write(struct spool *s, const char *directory, struct span bytes,
                struct shmpub_error *err);
/* Reads at most `size` of the bytes from `offset` on. *n is how many; 0: there are none. */
int spool_read(struct spool *s, uint64_t offset, char *to, size_t size, size_t *n,
               struct shmpub_error *err);
void spool_close(struct spool *s);

#endif
