/*
 * The directory and the catalog of an instance, as a reader has them open. When another
 * publisher replaces the catalog, the attachment is made anew.
 *
 * Threads:  one. Lifetime: ATTACHMENT_NONE may be closed; pointers into the catalog are
 *           valid until the next attachment_ensure() or attachment_close().
 */
#ifndef SHMPUB_READER_ATTACHMENT_H
#define SHMPUB_READER_ATTACHMENT_H

#include <stdbool.h>
#include <stdint.h>
#include "catalog/catalog.h"
#include "reader/trust.h"
#include "shm/shm.h"

struct attachment {
	struct shm_dir dir;
	struct catalog catalog;
	int64_t checked_ns; /* monotonic: when the name was last compared with the mapped file */
	/*
	 * Grows when another catalog is mapped: slot pointers of the one before are invalid then.
	 */
	uint64_t attach_count;
};
#define ATTACHMENT_NONE ((struct attachment){ .dir = SHM_DIR_NONE, .catalog = CATALOG_NONE })

/*
 * Attach to the instance, or make sure that *a still is attached to the current catalog. Looks at
 * the file system when *a is not attached or the publisher has stopped, else once a second.
 * On SHMPUB_NO_INSTANCE, SHMPUB_ERR_OWNER, SHMPUB_ERR_FORMAT and other failures *a is not attached.
 */
int attachment_ensure(struct attachment *a, const char *directory, const char *instance,
                      struct trust *trust, struct shmpub_error *err);
static inline bool attachment_is_there(const struct attachment *a)
{
	return a->catalog.map.addr != NULL;
}
uint32_t attachment_state(const struct attachment *a); /* enum catalog_state */
void attachment_close(struct attachment *a);

#endif
