/*
 * Is the publisher alive: docs/FORMAT.md, "Is the publisher alive". The one place in C that
 * judges it; what an instance and its feeds tell is believed only when the answer is yes.
 *
 * No state; any thread. liveness_judge() is a pure function, for tests.
 */
#ifndef SHMPUB_READER_LIVENESS_H
#define SHMPUB_READER_LIVENESS_H

#include <stdbool.h>
#include "catalog/catalog_format.h"
#include "shm/shm.h"
#include "shmpub/shmpub.h"

/* The words of the header that the judgement is made of. */
struct liveness_words {
	uint32_t state;
	struct shm_process process;
	int64_t heartbeat_ns, started_ns;
	uint64_t interval_ms;
};

/* True: the publisher is gone, and `why` says why in a few words. False: `why` is empty. */
bool liveness_judge(char why[SHMPUB_WHY_SIZE], const struct liveness_words *words,
                    enum shm_life life, int64_t now_ns);
/* The same of a catalog, now. Asks the kernel for the process, which takes some system calls. */
bool liveness_is_gone(char why[SHMPUB_WHY_SIZE], const struct catalog_header *header);

#endif
