/*
 * The bytes of a source that cannot be read twice: they are added at the end as they come, and
 * all of them can be read again. The first SPOOL_MEMORY_MAX bytes stay in memory; more of them go
 * to a file without a name (spool_file.h), which is gone as soon as it is closed, also when the
 * process is killed.
 *
 * Threads:  one call at a time. Lifetime: SPOOL_NONE is empty and may be closed; closing leaves
 *           it so.
 * Errors:   SHMPUB_ERR_SYS, the line begins with the directory; SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SPOOL_H
#define SHMPUBD_SPOOL_H

#include <stdint.h>
#include "base/buffer.h"
#include "spool_file.h"

#define SPOOL_MEMORY_MAX ((size_t)256 * 1024)

struct spool {
	struct buffer memory;    /* the bytes, as long as there is no file */
	struct spool_file *file; /* NULL: none */
	uint64_t size;           /* bytes kept */
};
#define SPOOL_NONE ((struct spool){ .memory = BUFFER_NONE })

/* Adds bytes at the end. `directory` is where the file is made; NULL: where the system puts such. */
int spool_write(struct spool *s, const char *directory, struct span bytes,
                struct shmpub_error *err);
/* Reads at most `size` of the bytes from `offset` on. *n is how many; 0: there are none. */
int spool_read(const struct spool *s, uint64_t offset, char *to, size_t size, size_t *n,
               struct shmpub_error *err);
/* Takes back all bytes after the first `size`. */
void spool_cut(struct spool *s, uint64_t size);
void spool_close(struct spool *s);

#endif
