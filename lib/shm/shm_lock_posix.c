#include "shm/shm_posix.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"

/*
 * shm.h on Linux: the instance's lock.
 *
 * A lock of flock(2) belongs to the open file, which a child of fork() shares. The child would
 * keep the instance locked after its parent, the publisher, has died. So all locks of this process
 * are in a list, and a handler that runs first in every child closes the child's copies. After
 * that shm_lock_is_ours() is false in the child.
 */

struct shm_lock {
	struct shm_lock *next, **link;
	int fd;       /* -1 in a child */
	uint64_t pid; /* of the process that took it: a child made by clone() runs no handlers */
	struct shm_stat stat;
};

/* --- children ----------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* protects the list `locks` */
static struct shm_lock *locks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
	pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&mutex);
}

static void in_child(void)
{
	for (struct shm_lock *l = locks; l != NULL; l = l->next) {
		close(l->fd);
		l->fd = -1;
	}
	pthread_mutex_unlock(&mutex);
}

/*
 * This process's pid, so that shm_lock_is_ours(), which is called often, needs no system call. The
 * kernel clears its page in every child (MADV_WIPEONFORK). NULL: not supported.
 */
static uint64_t *known_pid;

/* If the handlers cannot be installed, shm_lock_is_ours() still recognises a child by its pid. */
static void watch_forks(void)
{
	void *page = mmap(NULL, sizeof(*known_pid), PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)pthread_atfork(before_fork, after_fork, in_child);
	if (page == MAP_FAILED)
		return;
	if (madvise(page, shm_page_size(), MADV_WIPEONFORK) == 0)
		known_pid = page;
	else
		munmap(page, sizeof(*known_pid));
}

static uint64_t own_pid(void)
{
	uint64_t pid = known_pid != NULL ? load_relaxed_u64(known_pid) : 0;

	if (pid == 0) {
		pid = shm_pid();
		if (known_pid != NULL)
			store_relaxed_u64(known_pid, pid);
	}
	return pid;
}

static void add(struct shm_lock *lock)
{
	lock->next = locks;
	lock->link = &locks;
	if (lock->next != NULL)
		lock->next->link = &lock->next;
	locks = lock;
}

static void take_out(struct shm_lock *lock)
{
	pthread_mutex_lock(&mutex);
	*lock->link = lock->next;
	if (lock->next != NULL)
		lock->next->link = lock->link;
	pthread_mutex_unlock(&mutex);
}

/* --- the lock ----------------------------------------------------------------------------------- */

/*
 * First without O_CREAT: with fs.protected_regular the kernel may refuse it for an existing file.
 */
static int open_lock(int dir)
{
	for (int i = 0; i < SHM_RETRIES; i++) {
		int fd = shm_openat(dir, "lock", O_RDWR | SHM_FILE_FLAGS, 0);

		if (fd >= 0 || errno != ENOENT)
			return fd;
		fd = shm_openat(dir, "lock", O_RDWR | O_CREAT | O_EXCL | SHM_FILE_FLAGS, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static uint64_t read_pid(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t pid = 0;

	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9' && pid < UINT32_MAX; i++)
		pid = pid * 10 + (uint64_t)(text[i] - '0');
	return pid;
}

static void write_pid(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* A failure does not matter: the pid is only for a second publisher's message. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

/* On SHMPUB_OK *out is the locked descriptor; on SHM_BUSY *pid is the process that has the lock. */
static int lock_file(int *out, uint64_t *pid, const struct shm_dir *dir, struct shmpub_error *err)
{
	for (int i = 0; i < SHM_RETRIES; i++) {
		int fd = open_lock(dir->fd);

		if (fd < 0)
			return error_sys(err, errno, "open %s/lock", dir->path);
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			int sys = errno;

			*pid = read_pid(fd);
			close(fd);
			return sys == EWOULDBLOCK ? SHM_BUSY
			                          : error_sys(err, sys, "lock %s/lock", dir->path);
		}
		/* The file may have been removed, and another process may have locked a new one. */
		if (shm_same_file(fd, dir->fd, "lock")) {
			write_pid(fd);
			*out = fd;
			return 0;
		}
		close(fd);
	}
	return error_set(err, SHMPUB_ERR_SYS, "%s/lock: not a file that stays in place", dir->path);
}

int shm_lock(struct shm_lock **out, uint64_t *pid, const struct shm_dir *dir,
             struct shmpub_error *err)
{
	struct shm_lock *lock = mem_zalloc(1, sizeof(*lock));
	int r;

	*out = NULL;
	*pid = 0;
	if (lock == NULL)
		return error_nomem(err, sizeof(*lock));
	(void)pthread_once(&once, watch_forks);
	lock->pid = own_pid();
	pthread_mutex_lock(&mutex); /* a fork() must wait until the lock is in the list */
	r = lock_file(&lock->fd, pid, dir, err);
	if (r == 0) {
		struct shm_map map = { .fd = lock->fd };

		(void)shm_stat_map(&lock->stat, &map, NULL);
		add(lock);
	}
	pthread_mutex_unlock(&mutex);
	if (r == 0)
		*out = lock;
	else
		mem_free(lock);
	return r;
}

bool shm_lock_is_ours(const struct shm_lock *lock)
{
	return lock->fd >= 0 && lock->pid == own_pid();
}

uint64_t shm_lock_pid(const struct shm_lock *lock)
{
	return lock->pid;
}

bool shm_lock_is_in_place(const struct shm_lock *lock, const struct shm_dir *dir)
{
	struct shm_stat stat;

	return shm_lock_is_ours(lock) && shm_stat_name(&stat, dir, "lock", NULL) == 0 &&
	       shm_id_equal(&stat.id, &lock->stat.id);
}

void shm_unlock(struct shm_lock *lock)
{
	if (lock == NULL)
		return;
	take_out(lock);
	if (lock->fd >= 0)
		close(lock->fd);
	mem_free(lock);
}
