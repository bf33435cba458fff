/*
 * Whose instances are read without being asked: root's, one's own, those of the
 * user `shmpub`, and those of one more uid that the reader was given.
 *
 * Threads: a trust belongs to one thread. Errors: SHMPUB_ERR_OWNER names the uid.
 */
#ifndef SHMPUB_READER_TRUST_H
#define SHMPUB_READER_TRUST_H

#include <stdbool.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

struct trust {
	uint32_t me;
	uint32_t owner;    /* the uid given; 0 adds nobody, since root is trusted anyway */
	bool is_looked_up; /* the two below: asked for only when nobody else matched */
	bool has_service;
	uint32_t service; /* the user shmpub */
};

void trust_init(struct trust *t, uint32_t owner);
/* `what`: the thing that `uid` owns, for the message. */
int trust_check(struct trust *t, uint32_t uid, const char *what, struct shmpub_error *err);

#endif
