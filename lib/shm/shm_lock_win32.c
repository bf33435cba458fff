#include "shm/shm_win32.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/atomic.h"

/*
 * shm.h on Windows: the instance's lock. It is a section: the process that makes it has the lock,
 * and the section vanishes when the process ends, in whatever way. Its bytes say which process has
 * the lock, for the message of another one that tries to take it.
 */

#define LEAF "lock"
#define LOCK_SIZE 4096
#define PATIENCE_MS 1000 /* how long to wait for the handles of a process that is ending */
#define PAUSE_MS 20

/* The bytes of the section. */
struct holder {
	uint64_t pid, start; /* [atomic] pid is stored last */
};

struct shm_lock {
	HANDLE section;
	uint64_t pid;
};

/* The section exists already: find out which process has the lock. */
static int ask_holder(struct shm_process *out, HANDLE section, const char *what,
                      struct shmpub_error *err)
{
	const struct holder *holder;
	int r = shm_check_ours(section, what, err);

	*out = (struct shm_process){ .space = 1 };
	if (r != SHMPUB_OK)
		return r;
	holder = MapViewOfFile(section, FILE_MAP_READ, 0, 0, sizeof(*holder));
	if (holder == NULL)
		return shm_error_win32(err, GetLastError(), "map the section %s", what);
	if (shm_committed(holder) >= sizeof(*holder)) {
		out->pid = load_acquire_u64(&holder->pid);
		out->start = load_relaxed_u64(&holder->start);
	}
	UnmapViewOfFile(holder);
	return SHMPUB_OK;
}

static int sign(HANDLE section, const char *what, struct shmpub_error *err)
{
	struct holder *holder = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0,
	                                      sizeof(*holder));
	struct shm_process self;

	if (holder == NULL)
		return shm_error_win32(err, GetLastError(), "map the section %s", what);
	shm_process_self(&self);
	store_relaxed_u64(&holder->start, self.start);
	store_release_u64(&holder->pid, self.pid);
	UnmapViewOfFile(holder);
	return SHMPUB_OK;
}

/*
 * The section could not be made: access was denied. SHM_BUSY: it exists and belongs to another
 * user. Else this process may not make sections in the namespace.
 */
static int not_made(const char *what, const wchar_t *name, struct shmpub_error *err)
{
	HANDLE object = OpenFileMappingW(READ_CONTROL, FALSE, name);

	if (object != NULL)
		CloseHandle(object);
	else if (GetLastError() == ERROR_FILE_NOT_FOUND)
		return error_set(err, SHMPUB_ERR_ACCESS,
		                 "%s: a program keeps what a publisher before left in the "
		                 "namespace Global, where this process may make no section: end "
		                 "that program, or take the directory Local",
		                 what);
	return SHM_BUSY;
}

/*
 * Try once. SHM_BUSY: process *pid has the lock. SHM_ABSENT: the section exists, but its process is
 * gone, or has not stored its pid yet: try again.
 */
static int attempt(HANDLE *out, uint64_t *pid, const struct shm_dir *dir,
                   const struct shm_list *list, struct shmpub_error *err)
{
	char what[sizeof(dir->path) + sizeof(LEAF) + 1];
	wchar_t name[SHM_NAME_UNITS + 1];
	struct shm_process holder;
	HANDLE section;
	DWORD sys;
	int r;

	snprintf(what, sizeof(what), "%s/" LEAF, dir->path);
	shm_object_name(name, dir->path, LEAF);
	SetLastError(ERROR_SUCCESS);
	section = CreateFileMappingW(INVALID_HANDLE_VALUE, (SECURITY_ATTRIBUTES *)&list->attributes,
	                             PAGE_READWRITE, 0, LOCK_SIZE, name);
	sys = GetLastError();
	if (section == NULL && sys == ERROR_INVALID_HANDLE)
		return shm_name_taken(dir->path, LEAF, "which is of another kind", err);
	if (section == NULL)
		return sys == ERROR_ACCESS_DENIED
		               ? not_made(what, name, err)
		               : shm_error_win32(err, sys, "make the section %s", what);
	if (sys != ERROR_ALREADY_EXISTS) {
		r = sign(section, what, err);
	} else {
		r = ask_holder(&holder, section, what, err);
		*pid = holder.pid;
		if (r == SHMPUB_OK && holder.pid != 0 && shm_process_life(&holder) != SHM_LIFE_GONE)
			r = SHM_BUSY;
		else if (r == SHMPUB_OK)
			r = SHM_ABSENT;
	}
	if (r == SHMPUB_OK)
		*out = section;
	else
		CloseHandle(section);
	return r;
}

static int take(HANDLE *out, uint64_t *pid, const struct shm_dir *dir, struct shmpub_error *err)
{
	struct shm_list list;
	int r = shm_list_init(&list, &shm_section_rights, NULL, err);

	if (r != SHMPUB_OK)
		return r;
	for (int waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
		r = attempt(out, pid, dir, &list, err);
		if (r != SHM_ABSENT)
			return r;
		Sleep(PAUSE_MS);
	}
	if (*pid == 0)
		return shm_name_taken(dir->path, LEAF, "a section that no publisher has signed",
		                      err);
	return error_set(err, SHMPUB_ERR_SYS,
	                 "%s/" LEAF ": process %llu, which published there, is gone, but another "
	                 "program still has a handle of its lock: end that program",
	                 dir->path, (unsigned long long)*pid);
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
	lock->pid = shm_pid();
	r = take(&lock->section, pid, dir, err);
	if (r == SHMPUB_OK)
		*out = lock;
	else
		mem_free(lock);
	return r;
}

/* There is no fork(). */
bool shm_lock_is_ours(const struct shm_lock *lock)
{
	(void)lock;
	return true;
}

uint64_t shm_lock_pid(const struct shm_lock *lock)
{
	return lock->pid;
}

/* While a process has a handle of the section, nobody can remove it. */
bool shm_lock_is_in_place(const struct shm_lock *lock, const struct shm_dir *dir)
{
	(void)lock, (void)dir;
	return true;
}

void shm_unlock(struct shm_lock *lock)
{
	if (lock == NULL)
		return;
	CloseHandle(lock->section);
	mem_free(lock);
}
