/*
 * Whose instances a reader accepts: those of the system (root), of the reader's own user,
 * of the service's account, and of one more user that the program may name.
 *
 * Threads: a trust belongs to one thread. Errors: SHMPUB_ERR_OWNER names the owner.
 */
#ifndef SHMPUB_READER_TRUST_H
#define SHMPUB_READER_TRUST_H

#include <stdbool.h>
#include <stdint.h>
#include "shm/shm_user.h"
#include "shmpub/shmpub.h"

struct trust {
	struct shm_user me;
	struct shm_user owner;   /* the user that the program names; size 0: none */
	struct shm_user service; /* the service's account; size 0: not looked up yet */
};

/*
 * `uid`: 0 adds nobody, since root is trusted anyway. `name`: an account by name or number;
 * NULL or empty adds nobody. SHMPUB_ERR_INVALID: there is no such account.
 */
int trust_init(struct trust *t, uint32_t uid, const char *name, struct shmpub_error *err);
/* SHMPUB_OK when `owner` is trusted. `what`: the file that belongs to `owner`, for the message. */
int trust_check(struct trust *t, const struct shm_user *owner, const char *what,
                struct shmpub_error *err);

#endif
