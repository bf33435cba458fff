#include "publisher/publisher_parts.h"

#include "base/atomic.h"
#include "base/error.h"

/*
 * Whose the instance is. A publisher can lose it: somebody removes its lock, or the whole
 * directory, and a second publisher opens what is there, and goes on with the very catalog
 * that the first one has mapped. And a child of fork() has a copy of a publisher that is its
 * parent's. Neither may touch a name of the directory or a word of the catalog any more, not
 * even at its end. So whoever removes, renames or writes asks here before.
 *
 * Where nobody else has come meanwhile, what was removed is put back.
 */

static int take_lock(struct shm_lock **out, const struct shm_dir *dir, struct shmpub_error *err)
{
	uint64_t pid;
	int r = shm_lock(out, &pid, dir, err);

	if (r != SHM_BUSY)
		return r;
	if (pid == 0)
		return error_set(err, SHMPUB_ERR_BUSY, "%s: another process publishes there",
		                 dir->path);
	return error_set(err, SHMPUB_ERR_BUSY, "%s: process %llu publishes there", dir->path,
	                 (unsigned long long)pid);
}

/* Where leases would be granted although readers have the file, nothing may be believed of them. */
static void look_at_leases(struct publisher *p)
{
	store_relaxed_u32(&p->has_leases, shm_dir_recycles(&p->dir, NULL) == 0);
}

int hold_take(struct publisher *p, struct shmpub_error *err)
{
	int r = take_lock(&p->lock, &p->dir, err);

	if (r == 0)
		look_at_leases(p);
	return r;
}

bool hold_owns(const struct publisher *p)
{
	return shm_lock_stands(p->lock, &p->dir);
}

static bool catalog_stands(const struct publisher *p)
{
	struct shm_stat stat;

	return shm_stat_name(&stat, &p->dir, "catalog", NULL) == 0 &&
	       shm_id_equal(&stat.id, &p->catalog.stat.id);
}

/* Somebody else who went on with our catalog has put other words into it. */
static bool is_signed(const struct publisher *p)
{
	const struct catalog_header *h = catalog_header(&p->catalog);

	return load_relaxed_u64(&h->pid) == shm_lock_pid(p->lock) &&
	       load_relaxed_u64((const uint64_t *)&h->started_ns) == (uint64_t)p->started_ns;
}

void hold_look(struct publisher *p)
{
	p->is_lost = !hold_owns(p) && catalog_stands(p) && !is_signed(p);
}

bool hold_writes(const struct publisher *p)
{
	return !p->is_lost && shm_lock_is_ours(p->lock);
}

int publisher_check(const struct publisher *p, struct shmpub_error *err)
{
	if (!shm_lock_is_ours(p->lock))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: process %llu publishes there, and this is a child of it; "
		                 "a child opens a publisher of its own, for another instance",
		                 p->dir.path, (unsigned long long)shm_lock_pid(p->lock));
	if (p->is_lost)
		return error_set(err, SHMPUB_ERR_BUSY,
		                 "%s: its lock was removed, and another process has published "
		                 "there since",
		                 p->dir.path);
	return 0;
}

/* Somebody removed the whole directory: make it and the lock anew, or leave it to who did. */
static int put_back_directory(struct publisher *p, struct shmpub_error *err)
{
	struct shm_dir dir;
	struct shm_lock *lock = NULL;
	int r;

	if (shm_dir_stands(&p->dir) && hold_owns(p)) {
		p->is_lost = false;
		return 0;
	}
	if (p->n_pending > 0) /* their workers know this directory */
		return error_set(err, SHMPUB_ERR_SYS,
		                 "%s: removed; put back when what is under way has ended",
		                 p->dir.path);
	r = shm_dir_make(&dir, p->directory, p->instance, err);
	if (r == 0)
		r = take_lock(&lock, &dir, err);
	p->is_lost = r == SHMPUB_ERR_BUSY || !is_signed(p);
	if (r == 0)
		r = publisher_check(p, err); /* it may have come and gone */
	if (r != 0) {
		shm_unlock(lock);
		shm_dir_close(&dir);
		return r;
	}
	shm_unlock(p->lock);
	shm_dir_close(&p->dir);
	p->lock = lock;
	p->dir = dir;
	look_at_leases(p);
	return 0;
}

int hold_ensure(struct publisher *p, struct shmpub_error *err)
{
	int r = shm_lock_is_ours(p->lock) ? 0 : publisher_check(p, err);

	if (r == 0)
		r = put_back_directory(p, err);
	if (r != 0 || catalog_stands(p))
		return r;
	return catalog_put_back(&p->catalog, &p->dir, &p->access, err);
}
