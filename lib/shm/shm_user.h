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

#define SHM_USER_SIZE 68 /* bytes of the longest SID */
#define SHM_USER_TEXT 160

/*
 * A uid in four bytes, or a SID. The bytes after the first `size` are zero. The member `size` comes
 * first so that the bytes have the alignment that Windows requires of SIDs.
 */
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
 * Find a group by name; the number is for struct shm_access. SHM_ABSENT: there is none. On Windows
 * any account can be a group, by its name or by its SID as text, and the number is valid only in
 * this process.
 */
int shm_group_find(int64_t *gid, const char *name, struct shmpub_error *err);
/*
 * True for root, or on Windows for the system and administrators, who can change this process
 * anyway.
 */
bool shm_user_is_system(const struct shm_user *user);
/* True for the accounts that the service runs as. Slow: asks the system's database of users. */
bool shm_user_is_service(const struct shm_user *user);
/* The text for messages, as "uid 1000". */
void shm_user_text(char out[SHM_USER_TEXT], const struct shm_user *user);
/* The number as text, with which shm_user_find() finds this user. */
void shm_user_number(char out[SHM_USER_TEXT], const struct shm_user *user);

#endif
