#include "reader/trust.h"

#include <stdio.h>
#include "base/error.h"

/*
 * Whoever owns an instance decides what its readers see, and can take memory away
 * under them (a truncated file is SIGBUS). Names in shared memory are open to every user, so a
 * name alone says nothing about who stands behind it: the owner does.
 */

int trust_init(struct trust *t, uint32_t uid, const char *name, struct shmpub_error *err)
{
	char number[16];

	*t = (struct trust){ 0 };
	shm_user_self(&t->me);
	if (uid != 0) {
		snprintf(number, sizeof(number), "%u", uid);
		if (name == NULL || name[0] == '\0')
			name = number;
	}
	if (name == NULL || name[0] == '\0' || shm_user_find(&t->owner, name))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID, "owner %s: there is no such user", name);
}

/* The user database may be a network away: asked only when nobody else matched. */
static bool is_service(struct trust *t, const struct shm_user *user)
{
	if (shm_user_equal(user, &t->service))
		return true;
	if (!shm_user_is_service(user))
		return false;
	t->service = *user;
	return true;
}

int trust_check(struct trust *t, const struct shm_user *owner, const char *what,
                struct shmpub_error *err)
{
	char text[SHM_USER_TEXT], number[SHM_USER_TEXT];

	if (shm_user_is_system(owner) || shm_user_equal(owner, &t->me) ||
	    shm_user_equal(owner, &t->owner) || is_service(t, owner))
		return SHMPUB_OK;
	shm_user_text(text, owner);
	shm_user_number(number, owner);
	return error_set(
	        err, SHMPUB_ERR_OWNER,
	        "%s belongs to %s, who is not trusted: the option owner, or --owner %s, accepts it",
	        what, text, number);
}
