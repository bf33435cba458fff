#include "source_file.h"

#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"
#include "oplock_win32.h"
#include "path_win32.h"
#include "source_cut.h"
#include "source_readers_win32.h"

/*
 * As on Linux, the file is looked at when it is opened and again after the reading. If both looks
 * are equal, all bytes that were read in between are of one state of the file. The file is read
 * and never mapped, because nobody could cut or replace a file that we have mapped. It is opened
 * so that everybody else may read, write, rename and delete it meanwhile.
 *
 * Some writers (a spreadsheet, some loggers) do not share their file. Such a file is tried again
 * for a tenth of a second. Then opening fails, the published table remains, and the feed tries
 * again later.
 *
 * A writer whose way we would be in is told to us by an opportunistic lock: then the next piece is
 * not read, SOURCE_BUSY is the answer, and whoever reads closes the file and tries again a little
 * later. The writer waits meanwhile, for as long as the work on one piece takes. After a few such
 * turns the caller asks for a file without the lock.
 *
 * NTFS stamps a file when a writer opens, creates or closes it, but while it is open, the stamps
 * of what is written may come late; the size is always right. So a file that was changed lately
 * is read only when two looks with a pause between them are equal.
 */

#define SETTLE_NS ((int64_t)20 * 1000 * 1000) /* the clock of file times ticks every 1 to 16 ms */
#define COARSE_NS ((int64_t)2 * 1000 * 1000 * 1000) /* on FAT, which has no time of a change */
#define LATELY_NS ((int64_t)2 * 1000 * 1000 * 1000)
#define OPEN_TRIES 5
#define OPEN_PAUSE_MS 20
#define READ_MAX ((size_t)1 << 20) /* bytes of one call, for which a writer may have to wait */

#define SHARED (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* --- times ---------------------------------------------------------------------------------------- */

#define EPOCH INT64_C(116444736000000000) /* 1970 in units of 100 ns since 1601 */

/* 0: there is none. */
static int64_t to_ns(int64_t t)
{
	if (t <= EPOCH || t - EPOCH > INT64_MAX / 100)
		return 0;
	return (t - EPOCH) * 100;
}

/* The time by the clock that the times of files come from. */
static int64_t now_ns(void)
{
	FILETIME t;

	GetSystemTimeAsFileTime(&t);
	return to_ns((int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime));
}

/* Few programs set the time of a change. Many set the time of writing: in the future it says nothing. */
static bool is_settled(int64_t mtime_ns, int64_t ctime_ns, int64_t now)
{
	int64_t settle = ctime_ns ? SETTLE_NS : COARSE_NS;

	return ctime_ns < now - settle && (mtime_ns < now - settle || mtime_ns > now);
}

/* --- a look --------------------------------------------------------------------------------------- */

static void set_identity(struct source_mark *m, HANDLE h, const BY_HANDLE_FILE_INFORMATION *info)
{
	FILE_ID_INFO id;
	uint64_t halves[2];

	m->device = info->dwVolumeSerialNumber;
	m->inode = (uint64_t)info->nFileIndexHigh << 32 | info->nFileIndexLow;
	if (GetFileInformationByHandleEx(h, FileIdInfo, &id, sizeof(id))) {
		memcpy(halves, &id.FileId, sizeof(halves)); /* the second is 0 except on ReFS */
		m->device = id.VolumeSerialNumber;
		m->inode = halves[0] ^ halves[1] << 32 ^ halves[1] >> 32;
	}
	if (m->inode == 0)
		m->inode = 1; /* the file system has no ids, and 0 means that there was no look */
}

static bool look(struct source_mark *out, DWORD *attributes, HANDLE h)
{
	struct source_mark m = SOURCE_MARK_NONE;
	BY_HANDLE_FILE_INFORMATION info;
	FILE_BASIC_INFO basic;

	if (!GetFileInformationByHandle(h, &info) ||
	    !GetFileInformationByHandleEx(h, FileBasicInfo, &basic, sizeof(basic)))
		return false;
	set_identity(&m, h, &info);
	m.size = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
	m.mtime_ns = to_ns(basic.LastWriteTime.QuadPart);
	m.ctime_ns = to_ns(basic.ChangeTime.QuadPart);
	m.born_ns = to_ns(basic.CreationTime.QuadPart);
	m.is_settled = is_settled(m.mtime_ns, m.ctime_ns, now_ns());
	*attributes = info.dwFileAttributes;
	*out = m;
	return true;
}

bool source_mark_same_look(const struct source_mark *a, const struct source_mark *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->born_ns == b->born_ns && a->look_hash == b->look_hash;
}

bool source_mark_equal(const struct source_mark *a, const struct source_mark *b)
{
	return a->is_settled && b->is_settled && source_mark_same_look(a, b);
}

/* SHMPUB_ERR_INVALID: it is not a file. */
static int look_at_file(struct source_mark *out, HANDLE h, const char *path,
                        struct shmpub_error *err)
{
	DWORD attributes;

	if (GetFileType(h) != FILE_TYPE_DISK)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: a device, not a file", path);
	if (!look(out, &attributes, h))
		return path_failed(err, GetLastError(), path);
	if (attributes & FILE_ATTRIBUTE_DIRECTORY)
		return error_set(err, SHMPUB_ERR_INVALID, "%s: a directory, not a file", path);
	return SHMPUB_OK;
}

/* --- opening -------------------------------------------------------------------------------------- */

static bool is_locked(DWORD code)
{
	return code == ERROR_SHARING_VIOLATION || code == ERROR_LOCK_VIOLATION;
}

static int failed(DWORD code, const char *path, struct shmpub_error *err)
{
	if (!is_locked(code))
		return path_failed(err, code, path);
	error_set(err, SHMPUB_ERR_SYS,
	          "%s: locked by its writer (another program has it open without sharing)", path);
	if (err != NULL)
		err->sys = (int)code;
	return SHMPUB_ERR_SYS;
}

/* Also a file that was deleted while somebody has it open. A new file may soon take its place. */
static bool may_pass(DWORD code)
{
	return is_locked(code) || code == ERROR_ACCESS_DENIED || code == ERROR_DELETE_PENDING;
}

static HANDLE open_shared(const wchar_t *wide, DWORD rights, DWORD flags)
{
	return CreateFileW(wide, rights, SHARED, NULL, OPEN_EXISTING,
	                   flags | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS, NULL);
}

/* Tries again for a tenth of a second if the failure may pass. */
static int open_patiently(HANDLE *out, const wchar_t *wide, DWORD rights, DWORD flags,
                          const char *path, struct shmpub_error *err)
{
	DWORD code = ERROR_SUCCESS;

	for (int i = 0; i < OPEN_TRIES; i++) {
		if (i)
			Sleep(OPEN_PAUSE_MS);
		*out = open_shared(wide, rights, flags);
		if (*out != INVALID_HANDLE_VALUE)
			return SHMPUB_OK;
		code = GetLastError();
		if (!may_pass(code))
			break;
	}
	return failed(code, path, err);
}

static int open_for_reading(HANDLE *out, const wchar_t *wide, const char *path,
                            struct shmpub_error *err)
{
	return open_patiently(out, wide,
	                      FILE_READ_DATA | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE,
	                      FILE_FLAG_OVERLAPPED | FILE_FLAG_SEQUENTIAL_SCAN, path, err);
}

/* These open any file or folder for a look at its attributes, also one that is not shared. */
#define LOOK_RIGHTS FILE_READ_ATTRIBUTES
#define LOOK_FLAGS FILE_FLAG_BACKUP_SEMANTICS

/* Looks at the file that has the path now. */
static int look_at_path(struct source_mark *out, const wchar_t *wide, const char *path,
                        struct shmpub_error *err)
{
	HANDLE h;
	int r = open_patiently(&h, wide, LOOK_RIGHTS, LOOK_FLAGS, path, err);

	if (r)
		return r;
	r = look_at_file(out, h, path, err);
	CloseHandle(h);
	return r;
}

/* --- reading -------------------------------------------------------------------------------------- */

static bool is_replaced(const struct source_mark *now, const struct source_mark *waited)
{
	return waited->inode != 0 &&
	       (waited->inode != now->inode || waited->device != now->device ||
	        waited->born_ns != now->born_ns);
}

/*
 * Two equal looks with a pause between them are enough for a file that was changed lately, which
 * its writer may still have open, and for one whose last change is in the future, because some
 * clock is ahead of ours.
 */
/* For as long as `settle` wants: by the time of its last write, or by looks, whatever its clock is. */
static bool has_rested(const struct source_mark *look, const struct source_request *q)
{
	if (look->mtime_ns <= now_ns() - (int64_t)q->settle_ms * 1000000)
		return true;
	return q->waited_ms >= q->settle_ms && source_mark_same_look(look, &q->waited);
}

bool source_file_must_wait(const struct source_mark *now, const struct source_request *q)
{
	bool is_equal = q->waited.inode != 0 && source_mark_same_look(now, &q->waited);
	int64_t time = now_ns(), last = now->ctime_ns ? now->ctime_ns : now->mtime_ns;

	if (q->settle_ms > 0 && !has_rested(now, q))
		return true;
	if (q->takes_fresh || q->takes_growing || is_replaced(now, &q->waited))
		return false;
	if (now->is_settled)
		return !is_equal && last > time - LATELY_NS;
	return !(is_equal && last > time);
}

struct source_file {
	HANDLE file, event; /* `file` is INVALID_HANDLE_VALUE while the file is closed */
	struct oplock lock;
	const char *path;
	bool insists;            /* take no lock */
	struct source_mark mark; /* how it looked when it was opened */
	uint64_t cut_size;       /* no more than this is read; UINT64_MAX: all of it */
};

static int open_again(struct source_file *f, struct shmpub_error *err)
{
	wchar_t *wide;
	int r = path_wide(&wide, f->path, err);

	if (r)
		return r;
	r = open_for_reading(&f->file, wide, f->path, err);
	mem_free(wide);
	if (!r && !f->insists)
		oplock_take(&f->lock, f->file);
	return r;
}

/* Opens the file if it is closed. SOURCE_BUSY: the path has another file now. */
static int have_open(struct source_file *f, struct shmpub_error *err)
{
	int r;

	if (f->file != INVALID_HANDLE_VALUE)
		return SHMPUB_OK;
	r = open_again(f, err);
	return r ? r : source_file_check(f, &f->mark, err);
}

void source_file_let_go(struct source_file *f)
{
	if (f->file == INVALID_HANDLE_VALUE)
		return;
	oplock_release(&f->lock);
	CloseHandle(f->file);
	f->file = INVALID_HANDLE_VALUE;
}

int source_file_read(struct source_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	OVERLAPPED o = { .Offset = (DWORD)offset,
		         .OffsetHigh = (DWORD)(offset >> 32),
		         .hEvent = f->event };
	uint64_t left = offset < f->cut_size ? f->cut_size - offset : 0;
	DWORD room = (DWORD)(size < READ_MAX ? size : READ_MAX), got = 0;
	bool is_begun;
	int r = have_open(f, err);

	*n = 0;
	if (r || left == 0)
		return r;
	if (oplock_is_broken(&f->lock))
		return SOURCE_BUSY;
	if (room > left)
		room = (DWORD)left;
	is_begun = ReadFile(f->file, to, room, NULL, &o) || GetLastError() == ERROR_IO_PENDING;
	if (!is_begun || !GetOverlappedResult(f->file, &o, &got, TRUE)) {
		if (GetLastError() == ERROR_HANDLE_EOF)
			return SHMPUB_OK;
		return failed(GetLastError(), f->path, err);
	}
	*n = got;
	return SHMPUB_OK;
}

int source_file_check(struct source_file *f, const struct source_mark *mark,
                      struct shmpub_error *err)
{
	struct source_mark now;
	int r = f->file == INVALID_HANDLE_VALUE ? open_again(f, err) : SHMPUB_OK;

	if (!r)
		r = look_at_file(&now, f->file, f->path, err);
	if (r)
		return r;
	if (mark->is_cut) /* it may grow on */
		return now.inode == mark->inode && now.device == mark->device &&
		                       now.size >= mark->size
		               ? SHMPUB_OK
		               : SOURCE_BUSY;
	return source_mark_same_look(mark, &now) && !oplock_is_broken(&f->lock) ? SHMPUB_OK
	                                                                        : SOURCE_BUSY;
}

void source_file_close(struct source_file *f)
{
	if (f == NULL)
		return;
	source_file_let_go(f);
	if (f->event != NULL)
		CloseHandle(f->event);
	mem_free(f);
}

/* One thread makes the looks of many feeds, so this does not wait for a file that is not shared. */
bool source_file_rests(const char *path, const struct source_mark *seen)
{
	struct source_mark now;
	wchar_t *wide;
	HANDLE h;
	bool rests;

	if (path_wide(&wide, path, NULL) != SHMPUB_OK)
		return false;
	h = open_shared(wide, LOOK_RIGHTS, LOOK_FLAGS);
	mem_free(wide);
	if (h == INVALID_HANDLE_VALUE)
		return false;
	rests = look_at_file(&now, h, path, NULL) == SHMPUB_OK && source_mark_equal(seen, &now);
	CloseHandle(h);
	return rests;
}

int source_file_look(struct source_mark *mark, const char *path, struct shmpub_error *err)
{
	wchar_t *wide;
	int r = path_wide(&wide, path, err);

	if (r)
		return r;
	r = look_at_path(mark, wide, path, err);
	mem_free(wide);
	return r;
}

bool source_file_is_shut(const struct shmpub_error *err)
{
	return err->code == SHMPUB_ERR_SYS &&
	       (err->sys == ERROR_ACCESS_DENIED || err->sys == ERROR_NETWORK_ACCESS_DENIED);
}

int source_file_usable(struct source_mark *mark, const char *path, struct shmpub_error *err)
{
	wchar_t *wide;
	HANDLE h;
	int r = path_wide(&wide, path, err);

	if (r)
		return r;
	r = look_at_path(mark, wide, path, err); /* a folder cannot be opened for reading */
	if (!r)
		r = open_for_reading(&h, wide, path, err);
	mem_free(wide);
	if (r)
		return r;
	r = look_at_file(mark, h, path, err);
	if (!r)
		source_set_readers(mark, h);
	CloseHandle(h);
	return r;
}

static int look_at_open(struct source_mark *mark, struct source_file *f,
                        const struct source_request *q, struct shmpub_error *err)
{
	struct source_mark look;
	int r = look_at_file(&look, f->file, q->path, err);

	if (r)
		return r;
	source_set_readers(&look, f->file);
	*mark = look;
	return source_file_must_wait(&look, q) ? SOURCE_FRESH : SHMPUB_OK;
}

static int open_file(struct source_file **out, struct source_mark *mark, const wchar_t *wide,
                     const struct source_request *q, struct shmpub_error *err)
{
	struct source_file *f = mem_zalloc(1, sizeof(*f));
	int r;

	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->path = q->path;
	f->insists = q->insists;
	f->cut_size = UINT64_MAX;
	f->file = INVALID_HANDLE_VALUE;
	f->event = CreateEventW(NULL, TRUE, FALSE, NULL);
	r = f->event == NULL ? path_failed(err, GetLastError(), q->path)
	                     : open_for_reading(&f->file, wide, q->path, err);
	if (!r && !q->insists)
		oplock_take(&f->lock, f->file);
	if (!r)
		r = look_at_open(mark, f, q, err);
	if (!r && q->takes_growing && mark->size > 0)
		r = source_cut(mark, f, err);
	if (!r && mark->is_cut)
		f->cut_size = mark->size;
	if (r) {
		source_file_close(f);
		return r;
	}
	f->mark = *mark;
	*out = f;
	return SHMPUB_OK;
}

static int open_path(struct source_file **out, struct source_mark *mark, const wchar_t *wide,
                     const struct source_request *q, struct shmpub_error *err)
{
	struct source_mark now;
	int r = look_at_path(&now, wide, q->path, err);

	if (r)
		return r;
	if (q->seen != NULL && source_mark_equal(q->seen, &now))
		return SOURCE_UNCHANGED;
	return open_file(out, mark, wide, q, err);
}

int source_file_open(struct source_file **out, struct source_mark *mark,
                     const struct source_request *q, struct shmpub_error *err)
{
	wchar_t *wide;
	int r = path_wide(&wide, q->path, err);

	if (r)
		return r;
	r = open_path(out, mark, wide, q, err);
	mem_free(wide);
	return r;
}
