/*
 * What a platform must provide about users and groups. shm_user_posix.c and shm_user_win32.c
 * implement it.
 *
 * Threads: any. Errors: those of shm.h.
 */
#ifndef SHMPUB_SHM_USER_H
#define SHMPUB_SHM_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

#define SHM_USER_SIZE 68 /* of the longest SID; a uid takes the first four bytes */
#define SHM_USER_TEXT 160

/* Bytes after the first `size` are zero. They are aligned as the kernel of Windows wants its SIDs. */
struct shm_user {
	uint32_t size; /* 0: nobody */
	uint8_t bytes[SHM_USER_SIZE];
};

bool shm_user_equal(const struct shm_user *a, const struct shm_user *b);
/* The user of this process. */
void shm_user_self(struct shm_user *out);
/* A user by name or by number (a uid, a SID as text); false when there is no such user. */
bool shm_user_find(struct shm_user *out, const char *name);
/*
 * A group by its name, as struct shm_access has it; SHM_ABSENT: there is none. On Windows any
 * account can be one, by its name or as the text of its SID, and the number means something
 * to this process only.
 */
int shm_group_find(int64_t *gid, const char *name, struct shmpub_error *err);
/* Root, or who is as mighty on this system: whoever that is can do with us what they like. */
bool shm_user_is_system(const struct shm_user *user);
/* The account that services of ours run as, where the system has one. Asks the system: slow. */
bool shm_user_is_service(const struct shm_user *user);
/* For messages: "uid 1000". */
void shm_user_text(char out[SHM_USER_TEXT], const struct shm_user *user);
/* What shm_user_find() takes for this very user. */
void shm_user_number(char out[SHM_USER_TEXT], const struct shm_user *user);

#endif
