/*
 * Finds out whether the publisher of a catalog is alive, by the rules of docs/FORMAT.md, "Is the
 * publisher alive". The states that the catalog has of the instance and its feeds are current only
 * if it is.
 *
 * Threads: any; there is no state. liveness_judge() is a pure function, so that tests can try it.
 */
#ifndef SHMPUB_READER_LIVENESS_H
#define SHMPUB_READER_LIVENESS_H

#include <stdbool.h>
#include "catalog/catalog_format.h"
#include "shm/shm.h"
#include "shmpub/shmpub.h"

/* The words of the catalog's header that the answer depends on. */
struct liveness_words {
	uint32_t state;
	struct shm_process process;
	int64_t heartbeat_ns, started_ns;
	uint64_t interval_ms;
};

/* True: the publisher is gone, and `why` says why in a few words. False: `why` is empty. */
bool liveness_judge(char why[SHMPUB_WHY_SIZE], const struct liveness_words *words,
                    enum shm_life life, int64_t now_ns);
/* The same for a catalog at this moment. Asks the kernel about the process: some system calls. */
bool liveness_is_gone(char why[SHMPUB_WHY_SIZE], const struct catalog_header *header);

#endif
