#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "path.h"
#include "path_win32.h"
#include "shm/shm.h"

/*
 * Windows has no signals: libuv makes some of what a console tells its programs. A SIGHUP means
 * that the console's window was closed, and the system ends the process within five seconds.
 */

const struct process_signal process_signals[PROCESS_SIGNALS] = {
	{ SIGINT, PROCESS_STOP },
	{ SIGBREAK, PROCESS_STOP },
	{ SIGHUP, PROCESS_STOP_SOON },
};
const size_t process_n_signals = 3;

const char process_signals_help[] =
        "Ctrl-C and Ctrl-Break stop. A service reads the configuration again when it is told to:\n"
        "see docs/WINDOWS.md.\n";

/* Windows reports a closed pipe or a full disk as an error of the call, never by a signal. */
void process_ignore_signals(void)
{
}

void process_hold_reload(void)
{
}

void process_release_reload(void)
{
}

const char process_thread_bounds[] = "the memory that is free, and the limits of its job";

/* A process may have millions of handles. */
uint64_t process_raise_descriptors(void)
{
	return UINT64_MAX;
}

bool process_has_journal(void)
{
	return false;
}

int process_group(int64_t *out, struct span name, struct shmpub_error *err)
{
	char text[256];
	int r;

	if (name.size == 0 || name.size >= sizeof(text))
		return error_set(err, SHMPUB_ERR_INVALID, "not the name of a group");
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	r = shm_group_find(out, text, err);
	return r == SHM_ABSENT
	               ? error_set(err, SHMPUB_ERR_INVALID, "no group or user is named '%s'", text)
	               : r;
}

/* The directory of the shared memory is a name, not a path. */
char *process_real_path(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = mem_alloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", directory, name);
	return path;
}

/* --- patterns ------------------------------------------------------------------------------------- */

/* `pattern` and `name` are in lower case. */
static bool matches(const wchar_t *pattern, const wchar_t *name)
{
	for (; *pattern != L'\0' && *pattern != L'*'; pattern++, name++) {
		if (*name == L'\0' || (*pattern != L'?' && *pattern != *name))
			return false;
	}
	if (*pattern == L'\0')
		return *name == L'\0';
	while (*pattern == L'*')
		pattern++;
	for (;; name++) {
		if (matches(pattern, name))
			return true;
		if (*name == L'\0')
			return false;
	}
}

static bool has_wildcard(struct span text)
{
	return text.size &&
	       (memchr(text.data, '*', text.size) || memchr(text.data, '?', text.size));
}

struct names {
	struct span folder; /* with its separator */
	wchar_t *pattern;   /* the rest of the path, in lower case */
	char **paths;
	size_t n, capacity;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		mem_free(names->paths[i]);
	mem_free(names->paths);
	mem_free(names->pattern);
}

static int add_name(struct names *names, const char *name, struct shmpub_error *err)
{
	size_t size = names->folder.size + strlen(name) + 1;
	char **grown;

	if (names->n == names->capacity) {
		names->capacity = names->capacity ? 2 * names->capacity : 16;
		grown = mem_resize(names->paths, names->capacity * sizeof(*grown));
		if (grown == NULL)
			return error_nomem(err, names->capacity * sizeof(*grown));
		names->paths = grown;
	}
	names->paths[names->n] = mem_alloc(size);
	if (names->paths[names->n] == NULL)
		return error_nomem(err, size);
	snprintf(names->paths[names->n++], size, "%.*s%s", (int)names->folder.size,
	         names->folder.data, name);
	return SHMPUB_OK;
}

/*
 * Upper and lower case are the same, as for the system. A pattern matches names that begin with
 * a dot only if it begins with one too, as on Linux.
 */
static int add_if_match(struct names *names, const WIN32_FIND_DATAW *found,
                        struct shmpub_error *err)
{
	wchar_t low[MAX_PATH];
	char *name;
	int r;

	if (wcscmp(found->cFileName, L".") == 0 || wcscmp(found->cFileName, L"..") == 0)
		return SHMPUB_OK;
	memcpy(low, found->cFileName, sizeof(low));
	CharLowerW(low);
	if ((low[0] == L'.' && names->pattern[0] != L'.') || !matches(names->pattern, low))
		return SHMPUB_OK;
	name = path_narrow(found->cFileName);
	r = name != NULL ? add_name(names, name, err) : error_nomem(err, MAX_PATH);
	mem_free(name);
	return r;
}

/* A folder that is not there holds no files. */
static bool is_absent(DWORD code)
{
	return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ||
	       code == ERROR_DIRECTORY || code == ERROR_NO_MORE_FILES;
}

/*
 * Lists all names of the folder and matches them itself, because the system's patterns also
 * match short names (8.3).
 */
static int list_folder(struct names *names, const wchar_t *all, const char *pattern,
                       struct shmpub_error *err)
{
	WIN32_FIND_DATAW found;
	HANDLE h = FindFirstFileW(all, &found);
	int r = SHMPUB_OK;

	if (h == INVALID_HANDLE_VALUE)
		return is_absent(GetLastError()) ? SHMPUB_OK
		                                 : path_failed(err, GetLastError(), pattern);
	do
		r = add_if_match(names, &found, err);
	while (r == SHMPUB_OK && FindNextFileW(h, &found));
	if (r == SHMPUB_OK && !is_absent(GetLastError()))
		r = path_failed(err, GetLastError(), pattern);
	FindClose(h);
	return r;
}

static int find_names(struct names *names, const char *pattern, struct shmpub_error *err)
{
	struct buffer all = BUFFER_NONE;
	wchar_t *wide = NULL;
	int r = buffer_printf(&all, err, "%.*s*", (int)names->folder.size, names->folder.data);

	if (!r)
		r = buffer_append(&all, span_of("", 1), err);
	if (!r)
		r = path_wide(&wide, all.data, err);
	if (!r)
		r = list_folder(names, wide, pattern, err);
	mem_free(wide);
	buffer_free(&all);
	return r;
}

static int compare_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int process_glob(const char *pattern, int (*found)(void *arg, const char *path), void *arg,
                 struct shmpub_error *err)
{
	struct names names = { .folder = path_directory(pattern) };
	int r;

	if (has_wildcard(names.folder))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: '*' and '?' may stand in the last part of the path only",
		                 pattern);
	names.pattern = path_wide_text(pattern + names.folder.size);
	if (names.pattern == NULL)
		return error_nomem(err, strlen(pattern));
	CharLowerW(names.pattern);
	r = find_names(&names, pattern, err);
	if (names.n)
		qsort(names.paths, names.n, sizeof(*names.paths), compare_bytes);
	for (size_t i = 0; i < names.n && !r; i++)
		r = found(arg, names.paths[i]);
	free_names(&names);
	return r;
}
