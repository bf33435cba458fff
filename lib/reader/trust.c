#include "reader/trust.h"

#include <stdio.h>
#include "base/error.h"

/*
 * The owner of an instance decides what its readers see, and can crash them: reading a
 * mapped file that its owner has truncated is SIGBUS. Every user may make an instance of
 * any name in shared memory, so the name proves nothing. The owner of the file does.
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

/* Slow: the user database may be on a server. So this is asked last, and a yes is remembered. */
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
