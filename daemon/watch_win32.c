#include "watch.h"

#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "path.h"
#include "path_win32.h"
#include <windows.h>

/*
 * ReadDirectoryChangesW, by uv_fs_event. A handle is a number of our own for a directory's path as it
 * stands in the configuration. The loop thread opens directories, so a worker first looks whether the
 * path leads to a drive of this machine: opening one on a dead server would take half a minute.
 *
 * A watch is never reliable here. A file that stays open tells of its growth when it is closed or
 * flushed, links are not followed, and nobody tells when a folder above is renamed: the looks of the
 * interval go on.
 */

struct open_directory {
	uv_fs_event_t event; /* first: callbacks cast */
	struct watch_system *system;
	struct open_directory *next;
	int64_t handle;
	char *path;
};

struct watch_system {
	struct watch *watch;
	uv_loop_t *loop;
	struct open_directory *open;
	int64_t n_handles;
};

/* --- a path (worker) ---------------------------------------------------------------------------------- */

/* The part up to the last separator and with it; nothing: there is none. */
static struct span folder_of(struct span path)
{
	size_t n = path.size;

	while (n > 0 && !path_is_separator(path.data[n - 1]))
		n--;
	return span_of(path.data, n);
}

static bool is_remote(const wchar_t *wide)
{
	wchar_t root[MAX_PATH];

	return !GetVolumePathNameW(wide, root, MAX_PATH) || GetDriveTypeW(root) == DRIVE_REMOTE;
}

enum place { PLACE_WATCHED, PLACE_ABSENT, PLACE_UNKNOWN };

static int judge_folder(enum place *out, struct span folder, struct shmpub_error *err)
{
	char *copy = mem_copy(folder);
	wchar_t *wide;
	DWORD attributes, code;
	int r = copy != NULL ? path_wide(&wide, copy, err) : error_nomem(err, folder.size);

	mem_free(copy);
	if (r)
		return r;
	attributes = GetFileAttributesW(wide);
	code = GetLastError();
	if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
		*out = is_remote(wide) ? PLACE_UNKNOWN : PLACE_WATCHED;
	else if (attributes != INVALID_FILE_ATTRIBUTES || code == ERROR_FILE_NOT_FOUND ||
	         code == ERROR_PATH_NOT_FOUND)
		*out = PLACE_ABSENT;
	else
		*out = PLACE_UNKNOWN;
	mem_free(wide);
	return SHMPUB_OK;
}

/* What begins with two separators lies on a share. */
static bool is_on_share(struct span path)
{
	return path.size > 1 && path_is_separator(path.data[0]) && path_is_separator(path.data[1]);
}

/* The nearest folder on the way to the file that is there, and the name that is awaited in it. */
int watch_system_resolve(struct watch_plan *out, struct watch_system *s, const char *path,
                         struct shmpub_error *err)
{
	struct span rest = span_str(path), folder = folder_of(rest);
	enum place place = PLACE_ABSENT;
	int r = SHMPUB_OK;

	(void)s;
	if (folder.size == 0)
		return watch_plan_add(out, -1, span_str(".\\"), rest, err);
	while (folder.size > 0 && !is_on_share(folder)) {
		r = judge_folder(&place, folder, err);
		if (r || place != PLACE_ABSENT)
			break;
		rest = span_of(folder.data, folder.size - 1);
		folder = folder_of(rest);
	}
	if (!r && place != PLACE_WATCHED)
		r = error_set(err, SHMPUB_ERR_SYS, "%s: its folder is not watched", path);
	return r ? r
	         : watch_plan_add(out, -1, folder,
	                          span_of(folder.data + folder.size, rest.size - folder.size), err);
}

/* --- directories (loop) ------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct open_directory *d = (struct open_directory *)handle;

	mem_free(d->path);
	mem_free(d);
}

static void close_directory(struct watch_system *s, int64_t handle)
{
	struct open_directory **at = &s->open, *d;

	while (*at != NULL && (*at)->handle != handle)
		at = &(*at)->next;
	d = *at;
	if (d == NULL)
		return;
	*at = d->next;
	uv_close((uv_handle_t *)&d->event, on_closed);
}

static unsigned meaning(int events)
{
	return (events & UV_RENAME) ? WATCH_WRITTEN | WATCH_DONE | WATCH_NAMES : WATCH_WRITTEN;
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct open_directory *d = (struct open_directory *)event;
	struct watch_system *s = d->system;

	if (status < 0) { /* the directory is gone */
		int64_t handle = d->handle;

		close_directory(s, handle);
		watch_tell_gone(s->watch, handle);
		return;
	}
	if (name == NULL) { /* there were too many events for the system's buffer */
		watch_tell(s->watch, d->handle, SPAN_NONE, WATCH_DONE | WATCH_NAMES);
		return;
	}
	while (path_is_separator(*name)) /* libuv leaves it where the folder's path ends with one */
		name++;
	watch_tell(s->watch, d->handle, span_str(name), meaning(events));
}

static int open_directory(struct watch_system *s, const char *path, struct shmpub_error *err)
{
	struct open_directory *d = mem_zalloc(1, sizeof(*d));
	int sys;

	if (d == NULL)
		return error_nomem(err, sizeof(*d));
	d->system = s;
	d->handle = ++s->n_handles;
	d->path = mem_copy(span_str(path));
	uv_fs_event_init(s->loop, &d->event);
	uv_unref((uv_handle_t *)&d->event);
	sys = d->path != NULL ? uv_fs_event_start(&d->event, on_event, path, 0) : UV_ENOMEM;
	if (sys != 0) {
		uv_close((uv_handle_t *)&d->event, on_closed);
		return error_set(err, SHMPUB_ERR_SYS, "%s: not watched: %s", path,
		                 uv_strerror(sys));
	}
	d->next = s->open;
	s->open = d;
	return SHMPUB_OK;
}

int watch_system_begin(struct watch_system *s, struct watch_spot *spot, struct shmpub_error *err)
{
	struct open_directory *d = s->open;
	int r = SHMPUB_OK;

	while (d != NULL && !watch_name_equal(span_str(d->path), spot->directory))
		d = d->next;
	if (d == NULL)
		r = open_directory(s, spot->directory, err);
	if (r)
		return r;
	spot->handle = (d != NULL ? d : s->open)->handle;
	if (d == NULL) /* whatever has changed since the worker looked was told to nobody */
		watch_tell(s->watch, spot->handle, SPAN_NONE, WATCH_DONE | WATCH_NAMES);
	return SHMPUB_OK;
}

void watch_system_end(struct watch_system *s, int64_t handle)
{
	close_directory(s, handle);
}

/* --- names -------------------------------------------------------------------------------------------- */

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Of ASCII only: a name that is written in another case elsewhere is found by the looks. */
bool watch_name_equal(struct span a, const char *b)
{
	for (size_t i = 0; i < a.size; i++) {
		if (fold(a.data[i]) != fold(b[i]))
			return false;
	}
	return b[a.size] == '\0';
}

uint64_t watch_name_hash(struct span name)
{
	uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ fold(name.data[i])) * 0x100000001B3u;
	return hash;
}

/* --- start and end ------------------------------------------------------------------------------------ */

struct watch_system *watch_system_open(struct watch *w, uv_loop_t *loop, struct shmpub_error *why)
{
	struct watch_system *s = mem_zalloc(1, sizeof(*s));

	if (s == NULL) {
		(void)error_nomem(why, sizeof(*s));
		return NULL;
	}
	s->watch = w;
	s->loop = loop;
	return s;
}

void watch_system_close(struct watch_system *s)
{
	while (s->open != NULL)
		close_directory(s, s->open->handle);
}

void watch_system_free(struct watch_system *s)
{
	mem_free(s);
}
