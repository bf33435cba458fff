#include "reader/attachment.h"

#include <stdio.h>
#include "base/atomic.h"
#include "base/error.h"

/*
 * A publisher that crashed is followed by one that takes over the same catalog, and
 * nothing has to be done here. One that stopped in order takes the catalog away, and
 * the next one makes another: the mapping that we hold then is a dead letter, and
 * nothing in it needs to say so. Therefore the name is compared with what is mapped,
 * by its id, through a directory opened anew, since that may have been
 * replaced as well.
 *
 * Where names end with their publisher, a name that is gone says that the publisher died. What
 * is mapped still tells that, and until another publisher comes it is all that there is.
 */

#define LOOK_NS INT64_C(900000000) /* under the second that a sleeping reader wakes after */
#define CATALOG_FILE "catalog"

uint32_t attachment_state(const struct attachment *a)
{
	return load_acquire_u32(&catalog_header(&a->catalog)->state);
}

/* Where it can't be told (no descriptor to be had, say), what is mapped stays good. */
static bool still_stands(const struct attachment *a, const char *directory, const char *instance)
{
	struct shm_dir dir = SHM_DIR_NONE;
	struct shm_stat st;
	bool stands;
	int r;

	r = shm_dir_open(&dir, directory, instance, NULL);
	if (r == SHMPUB_OK)
		r = shm_stat_name(&st, &dir, CATALOG_FILE, NULL);
	if (r == SHM_ABSENT && !shm_names_persist())
		stands = attachment_state(a) != CATALOG_STOPPED;
	else
		stands = r < 0 || (r == SHMPUB_OK && shm_id_equal(&st.id, &a->catalog.stat.id));
	shm_dir_close(&dir);
	return stands;
}

static int check_owners(const struct attachment *a, struct trust *trust, struct shmpub_error *err)
{
	char what[sizeof(a->dir.path) + sizeof(CATALOG_FILE) + 1];
	struct shm_user owner;
	int r;

	r = shm_dir_owner(&owner, &a->dir, err);
	if (r)
		return r;
	r = trust_check(trust, &owner, a->dir.path, err);
	if (r)
		return r;
	snprintf(what, sizeof(what), "%s/%s", a->dir.path, CATALOG_FILE);
	return trust_check(trust, &a->catalog.stat.owner, what, err);
}

static int open_anew(struct attachment *a, const char *directory, const char *instance,
                     struct trust *trust, struct shmpub_error *err)
{
	struct attachment next = ATTACHMENT_NONE;
	int r;

	next.turn = a->turn + 1;
	next.looked_ns = shm_monotonic_ns();
	r = shm_dir_open(&next.dir, directory, instance, err);
	if (r)
		goto out;
	r = catalog_open_reader(&next.catalog, &next.dir, err);
	if (r)
		goto out;
	r = check_owners(&next, trust, err);
	if (r)
		goto out;
	attachment_close(a);
	*a = next;
	next = ATTACHMENT_NONE;
out:
	attachment_close(&next);
	if (r == SHM_ABSENT)
		r = error_set(err, SHMPUB_NO_INSTANCE, "no instance %s in %s", instance, directory);
	return r;
}

int attachment_ensure(struct attachment *a, const char *directory, const char *instance,
                      struct trust *trust, struct shmpub_error *err)
{
	int64_t now;

	if (attachment_is_there(a)) {
		now = shm_monotonic_ns();
		if (attachment_state(a) != CATALOG_STOPPED && now - a->looked_ns < LOOK_NS)
			return SHMPUB_OK;
		a->looked_ns = now;
		if (still_stands(a, directory, instance))
			return SHMPUB_OK;
		attachment_close(a);
	}
	return open_anew(a, directory, instance, trust, err);
}

void attachment_close(struct attachment *a)
{
	uint64_t turn = a->turn;

	catalog_close(&a->catalog);
	shm_dir_close(&a->dir);
	*a = ATTACHMENT_NONE;
	a->turn = turn;
}
