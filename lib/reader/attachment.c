#include "reader/attachment.h"

#include <stdio.h>
#include "base/atomic.h"
#include "base/error.h"

/*
 * When a publisher crashes, the next one takes over the same catalog, and this reader
 * has nothing to do. A publisher that stops in order removes its catalog, and the next
 * one makes another file: then the catalog that is mapped here never changes again, and
 * may not even say that it was stopped. So the id of the mapped file is compared with
 * the id of the file under the name `catalog`. The directory is opened anew for that,
 * since it may have been replaced as well.
 *
 * On Windows names end with the publisher's process (shm_names_persist()). There a missing name
 * means that the publisher died. The mapped catalog still says what there is to know about it,
 * and is kept until another publisher comes.
 */

/* Less than the second after which a sleeping reader wakes: each time it wakes, it looks. */
#define LOOK_NS INT64_C(900000000)
#define CATALOG_FILE "catalog"

uint32_t attachment_state(const struct attachment *a)
{
	return load_acquire_u32(&catalog_header(&a->catalog)->state);
}

/*
 * True while the name `catalog` means the file that is mapped. Also true when that cannot be found
 * out (too many open files, for example).
 */
static bool is_current(const struct attachment *a, const char *directory, const char *instance)
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

	next.attach_count = a->attach_count + 1;
	next.checked_ns = shm_monotonic_ns();
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
		if (attachment_state(a) != CATALOG_STOPPED && now - a->checked_ns < LOOK_NS)
			return SHMPUB_OK;
		a->checked_ns = now;
		if (is_current(a, directory, instance))
			return SHMPUB_OK;
		attachment_close(a);
	}
	return open_anew(a, directory, instance, trust, err);
}

void attachment_close(struct attachment *a)
{
	uint64_t attach_count = a->attach_count;

	catalog_close(&a->catalog);
	shm_dir_close(&a->dir);
	*a = ATTACHMENT_NONE;
	a->attach_count = attach_count;
}
