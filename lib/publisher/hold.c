#include "publisher/publisher_parts.h"

#include "base/atomic.h"
#include "base/error.h"

/*
 * Does the instance still belong to this publisher? It can lose the instance: somebody removes the
 * lock file, or the whole directory, and a second publisher opens the instance and goes on with the
 * same catalog that the first one has mapped. And in a child of fork() the publisher is a copy, and
 * the instance belongs to the parent. In both cases this publisher must not change the directory or
 * the catalog any more, not even when it is closed. So the functions that remove, rename or write
 * ask here first.
 *
 * If no other publisher has come meanwhile, the removed files are restored.
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

/* Find out whether leases tell if a reader has a file: on some file systems they do not. */
static void probe_leases(struct publisher *p)
{
	store_relaxed_u32(&p->has_leases, shm_dir_recycles(&p->dir, NULL) == 0);
}

int hold_take(struct publisher *p, struct shmpub_error *err)
{
	int r = take_lock(&p->lock, &p->dir, err);

	if (r == 0)
		probe_leases(p);
	return r;
}

bool hold_may_rename(const struct publisher *p)
{
	return shm_lock_is_in_place(p->lock, &p->dir);
}

static bool catalog_is_in_place(const struct publisher *p)
{
	struct shm_stat stat;

	return shm_stat_name(&stat, &p->dir, "catalog", NULL) == 0 &&
	       shm_id_equal(&stat.id, &p->catalog.stat.id);
}

/* True while the catalog has the pid and start that this publisher stored: nobody took it over. */
static bool is_signed(const struct publisher *p)
{
	const struct catalog_header *h = catalog_header(&p->catalog);

	return load_relaxed_u64(&h->pid) == shm_lock_pid(p->lock) &&
	       load_relaxed_u64((const uint64_t *)&h->started_ns) == (uint64_t)p->started_ns;
}

void hold_check_lost(struct publisher *p)
{
	p->is_lost = !hold_may_rename(p) && catalog_is_in_place(p) && !is_signed(p);
}

bool hold_may_write(const struct publisher *p)
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

/*
 * If the lock or the whole directory was removed: make them again, or fail if another publisher has
 * made them.
 */
static int put_back_directory(struct publisher *p, struct shmpub_error *err)
{
	struct shm_dir dir;
	struct shm_lock *lock = NULL;
	int r;

	if (shm_dir_is_in_place(&p->dir) && hold_may_rename(p)) {
		p->is_lost = false;
		return 0;
	}
	if (p->n_pending > 0) /* workers are using the old directory's descriptor */
		return error_set(err, SHMPUB_ERR_SYS,
		                 "%s: removed; put back when what is under way has ended",
		                 p->dir.path);
	r = shm_dir_make(&dir, p->directory, p->instance, err);
	if (r == 0)
		r = take_lock(&lock, &dir, err);
	p->is_lost = r == SHMPUB_ERR_BUSY || !is_signed(p);
	if (r == 0)
		r = publisher_check(p, err); /* another publisher may have come and gone again */
	if (r != 0) {
		shm_unlock(lock);
		shm_dir_close(&dir);
		return r;
	}
	shm_unlock(p->lock);
	shm_dir_close(&p->dir);
	p->lock = lock;
	p->dir = dir;
	probe_leases(p);
	return 0;
}

int hold_ensure(struct publisher *p, struct shmpub_error *err)
{
	int r = shm_lock_is_ours(p->lock) ? 0 : publisher_check(p, err);

	if (r == 0)
		r = put_back_directory(p, err);
	if (r != 0 || catalog_is_in_place(p))
		return r;
	return catalog_put_back(&p->catalog, &p->dir, &p->access, err);
}
