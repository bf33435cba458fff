#include "reader/trust.h"

#include "base/error.h"
#include "shm/shm.h"

/*
 * Whoever owns an instance decides what its readers see, and can take memory away
 * under them (a truncated file is SIGBUS). /dev/shm is open to every user, so a
 * name alone says nothing about who stands behind it: the owner does.
 */

#define SERVICE_USER "shmpub"

void trust_init(struct trust *t, uint32_t owner)
{
	*t = (struct trust){ .me = shm_uid(), .owner = owner };
}

/* The user database may be a network away: asked once, and only when it matters. */
static bool is_service(struct trust *t, uint32_t uid)
{
	if (!t->is_looked_up) {
		t->has_service = shm_user_id(&t->service, SERVICE_USER);
		t->is_looked_up = true;
	}
	return t->has_service && uid == t->service;
}

int trust_check(struct trust *t, uint32_t uid, const char *what, struct shmpub_error *err)
{
	if (uid == 0 || uid == t->me || uid == t->owner || is_service(t, uid))
		return SHMPUB_OK;
	return error_set(
	        err, SHMPUB_ERR_OWNER,
	        "%s belongs to uid %u, who is not trusted: the option owner, or --owner %u, "
	        "accepts it",
	        what, uid, uid);
}
