/*
 * A reader's hold on an instance: its directory and its catalog, followed when the
 * publisher is replaced.
 *
 * Threads:  one. Lifetime: ATTACHMENT_NONE may be closed; everything taken from the
 *           catalog dies with the next attachment_ensure().
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
	int64_t looked_ns; /* monotonic: when the name was last compared with what is mapped */
	uint64_t turn;     /* grows with every new attachment: older slot pointers are dead */
};
#define ATTACHMENT_NONE ((struct attachment){ .dir = SHM_DIR_NONE, .catalog = CATALOG_NONE })

/*
 * Attached to what stands under the name: looks at the file system when it is not
 * attached, when the publisher has stopped, and otherwise once a second.
 * SHMPUB_NO_INSTANCE, SHMPUB_ERR_OWNER, SHMPUB_ERR_FORMAT.
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
