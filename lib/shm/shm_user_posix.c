#include "shm/shm_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "shm/shm.h"
#include "shm/shm_posix.h"

/*
 * shm_user.h on Linux: a user is a uid.
 */

#define SERVICE_USER "shmpub"

void shm_user_of_uid(struct shm_user *out, uid_t uid)
{
	uint32_t number = (uint32_t)uid;

	*out = (struct shm_user){ .size = sizeof(number) };
	memcpy(out->bytes, &number, sizeof(number));
}

static uint32_t uid_of(const struct shm_user *user)
{
	uint32_t number;

	memcpy(&number, user->bytes, sizeof(number));
	return number;
}

bool shm_user_equal(const struct shm_user *a, const struct shm_user *b)
{
	return a->size > 0 && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void shm_user_self(struct shm_user *out)
{
	shm_user_of_uid(out, geteuid());
}

static bool find_number(struct shm_user *out, const char *text)
{
	unsigned long long number = 0;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' || strlen(text) > 10)
		return false;
	number = strtoull(text, NULL, 10);
	if (number > UINT32_MAX)
		return false;
	shm_user_of_uid(out, (uid_t)number);
	return true;
}

bool shm_user_find(struct shm_user *out, const char *name)
{
	char room[4096];
	struct passwd entry, *found = NULL;

	if (find_number(out, name))
		return true;
	if (getpwnam_r(name, &entry, room, sizeof(room), &found) != 0 || found == NULL)
		return false;
	shm_user_of_uid(out, found->pw_uid);
	return true;
}

/* A record may come from the network (nsswitch) and have any size, so the buffer grows. */
int shm_group_find(int64_t *gid, const char *name, struct shmpub_error *err)
{
	struct group entry, *found = NULL;
	char *buffer = NULL, *grown;
	size_t size = 1024;
	int e;

	do {
		size *= 2;
		grown = mem_resize(buffer, size);
		if (grown == NULL) {
			mem_free(buffer);
			return error_nomem(err, size);
		}
		buffer = grown;
		e = getgrnam_r(name, &entry, buffer, size, &found);
	} while (e == ERANGE && size < ((size_t)1 << 24));
	if (found != NULL)
		*gid = (int64_t)entry.gr_gid;
	mem_free(buffer);
	return found != NULL ? SHMPUB_OK : SHM_ABSENT;
}

bool shm_user_is_system(const struct shm_user *user)
{
	return user->size > 0 && uid_of(user) == 0;
}

bool shm_user_is_service(const struct shm_user *user)
{
	struct shm_user service;

	return shm_user_find(&service, SERVICE_USER) && shm_user_equal(user, &service);
}

void shm_user_number(char out[SHM_USER_TEXT], const struct shm_user *user)
{
	snprintf(out, SHM_USER_TEXT, "%u", (unsigned)uid_of(user));
}

void shm_user_text(char out[SHM_USER_TEXT], const struct shm_user *user)
{
	snprintf(out, SHM_USER_TEXT, "uid %u", (unsigned)uid_of(user));
}
