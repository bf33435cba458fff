#include "shm/shm_posix.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

/*
 * shm.h on Linux: the instance's lock.
 *
 * flock(2) belongs to the open file, which a child of fork() shares. The child would keep the
 * instance taken for as long as it lives, long after its parent, who publishes there, has died.
 * So every lock of this process is in a list, and a child's first act is to close its
 * copies. From then on the lock tells that it is not the child's.
 */

struct shm_lock {
	struct shm_lock *next, **link;
	int fd;       /* -1 in a child */
	uint64_t pid; /* of the process that took it: not every child comes by fork() */
};

/* --- children ----------------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of the list below */
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

/* Without memory for it there are no handlers: then the pid alone tells a child. */
static void watch_forks(void)
{
	(void)pthread_atfork(before_fork, after_fork, in_child);
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

/* Without O_CREAT first: fs.protected_regular refuses it for what stands there already. */
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

	/* Only for a message: without it, the second daemon names nobody. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

/* SHM_BUSY with *pid, or *out. */
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
		/* Somebody may have unlinked it, and a third one locked its successor. */
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
	lock->pid = shm_pid();
	pthread_mutex_lock(&mutex); /* no fork between the lock and the list */
	r = lock_file(&lock->fd, pid, dir, err);
	if (r == 0)
		add(lock);
	pthread_mutex_unlock(&mutex);
	if (r == 0)
		*out = lock;
	else
		mem_free(lock);
	return r;
}

bool shm_lock_is_ours(const struct shm_lock *lock)
{
	return lock->fd >= 0 && lock->pid == shm_pid();
}

uint64_t shm_lock_pid(const struct shm_lock *lock)
{
	return lock->pid;
}

bool shm_lock_stands(const struct shm_lock *lock, const struct shm_dir *dir)
{
	return shm_lock_is_ours(lock) && shm_same_file(lock->fd, dir->fd, "lock");
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
