#include "service_place.h"

#include <stdbool.h>
#include <string.h>
#include <windows.h>
#include <userenv.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "path_win32.h"
#include "scm.h"
#include "service_words.h"
#include "wide.h"

/*
 * A service runs for months and under another account, so its program must lie where an
 * installer puts programs. Two places are refused: a Python environment, where `pip install`
 * puts it, and a user's profile, where downloads go and where the user can replace the file.
 */

#define PATH_UNITS 32768 /* the longest path of Windows */

static const wchar_t *without_device(const wchar_t *path)
{
	return wcsncmp(path, L"\\\\?\\", 4) == 0 && path[5] == L':' ? path + 4 : path;
}

/* Returns the path of a file or folder after all links; NULL: it cannot be opened. */
static wchar_t *resolve_path(const wchar_t *path)
{
	HANDLE file = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
	                          NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	wchar_t *out = NULL;
	DWORD n;

	if (file == INVALID_HANDLE_VALUE)
		return NULL;
	out = mem_zalloc(PATH_UNITS, sizeof(*out));
	n = out != NULL ? GetFinalPathNameByHandleW(file, out, PATH_UNITS, 0) : 0;
	CloseHandle(file);
	if (n == 0 || n >= PATH_UNITS) {
		mem_free(out);
		return NULL;
	}
	return out;
}

int service_program(char **out, struct shmpub_error *err)
{
	wchar_t *path = mem_zalloc(PATH_UNITS, sizeof(*path)), *real;
	DWORD n;
	int r;

	*out = NULL;
	if (path == NULL)
		return error_nomem(err, PATH_UNITS * sizeof(*path));
	n = GetModuleFileNameW(NULL, path, PATH_UNITS);
	real = n != 0 && n < PATH_UNITS ? resolve_path(path) : NULL;
	if (real == NULL)
		r = scm_failed(err, GetLastError(), "the path of this program");
	else
		r = wide_to_utf8(out, without_device(real), err);
	mem_free(real);
	mem_free(path);
	return r;
}

/* --- checks of places ----------------------------------------------------------------------------- */

/*
 * Returns the folder of all users' profiles, usually C:\Users. NULL: unknown; nothing lies
 * below it then.
 */
static wchar_t *get_profiles_directory(void)
{
	DWORD n = PATH_UNITS;
	wchar_t *path = mem_zalloc(PATH_UNITS, sizeof(*path)), *real = NULL;

	if (path != NULL && GetProfilesDirectoryW(path, &n))
		real = resolve_path(path);
	mem_free(path);
	return real;
}

static bool is_below(const wchar_t *path, const wchar_t *folder)
{
	size_t n = wcslen(folder);

	return n <= INT_MAX && wcslen(path) > n && path[n] == L'\\' &&
	       CompareStringOrdinal(path, (int)n, folder, (int)n, TRUE) == CSTR_EQUAL;
}

static bool is_below_profiles(const wchar_t *path)
{
	wchar_t *profiles = get_profiles_directory();
	bool is_below_it = profiles != NULL && is_below(path, without_device(profiles));

	mem_free(profiles);
	return is_below_it;
}

/* True when a folder above the program has a pyvenv.cfg. `path` is cut short on the way. */
static bool is_in_environment(wchar_t *path)
{
	static const wchar_t mark[] = L"\\pyvenv.cfg";
	wchar_t *at = wcsrchr(path, L'\\');

	for (; at != NULL; at = wcsrchr(path, L'\\')) {
		if ((size_t)(at - path) + ARRAY_LEN(mark) > PATH_UNITS)
			return false;
		memcpy(at, mark, sizeof(mark));
		if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
			return true;
		*at = L'\0';
	}
	return false;
}

int service_check_program(const char *program, struct shmpub_error *err)
{
	static const char advice[] = "a service's program belongs below C:\\Program Files (the "
	                             "installer puts it there); --anyway takes it as it is";
	wchar_t *path, *room = mem_zalloc(PATH_UNITS, sizeof(*room));
	int r = wide_from_utf8(&path, span_str(program), err);

	if (!r && room == NULL)
		r = error_nomem(err, PATH_UNITS * sizeof(*room));
	if (!r && is_below_profiles(path))
		r = error_set(err, SHMPUB_ERR_INVALID, "%s lies below a user's profile: %s",
		              program, advice);
	if (!r && wcslen(path) < PATH_UNITS) {
		memcpy(room, path, (wcslen(path) + 1) * sizeof(*path));
		if (is_in_environment(room))
			r = error_set(err, SHMPUB_ERR_INVALID,
			              "%s lies in a Python environment: %s", program, advice);
	}
	mem_free(room);
	mem_free(path);
	return r;
}

int service_check_drive(const char *path, struct shmpub_error *err)
{
	char root[] = "x:\\";

	root[0] = path[0];
	if (path[0] != '\\' && GetDriveTypeA(root) != DRIVE_REMOTE)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "%s lies on the network: a service sees no drives of your session and has "
	                 "no name of yours; copy it to a local drive, or say --anyway",
	                 path);
}

int service_check_owner(const char *config, struct shmpub_error *err)
{
	struct shmpub_error why;
	wchar_t *path, *end;
	int r = wide_from_utf8(&path, span_str(config), err);

	if (r)
		return r;
	r = path_check_owner(path, &why);
	end = wcsrchr(path, L'\\');
	if (!r && end != NULL) {
		*end = L'\0';
		r = path_check_owner(path, &why);
	}
	mem_free(path);
	if (r)
		error_set(err, SHMPUB_ERR_INVALID,
		          "%s, and who owns it says what the service publishes: have an "
		          "administrator write it anew, or say --anyway",
		          why.message);
	return r;
}

/* --- paths ---------------------------------------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

static bool is_absolute(const char *path)
{
	char drive = (char)(path[0] | 0x20);

	if (is_separator(path[0]))
		return is_separator(path[1]);
	return drive >= 'a' && drive <= 'z' && path[1] == ':' && is_separator(path[2]);
}

int service_absolute(char **out, const char *path, struct shmpub_error *err)
{
	wchar_t *given = NULL, *full = NULL;
	DWORD n;
	int r;

	*out = NULL;
	if (!is_absolute(path))
		return error_set(err, SERVICE_MISUSED,
		                 "--config '%s' is relative: a service needs the whole path, as "
		                 "C:\\ProgramData\\shmpub\\shmpubd.ini",
		                 path);
	r = wide_from_utf8(&given, span_str(path), err);
	if (!r) {
		full = mem_zalloc(PATH_UNITS, sizeof(*full));
		if (full == NULL)
			r = error_nomem(err, PATH_UNITS * sizeof(*full));
	}
	if (!r) {
		n = GetFullPathNameW(given, PATH_UNITS, full, NULL);
		r = n != 0 && n < PATH_UNITS ? wide_to_utf8(out, without_device(full), err)
		                             : scm_failed(err, GetLastError(), path);
	}
	mem_free(full);
	mem_free(given);
	return r;
}

int service_enter(const char *config, struct shmpub_error *err)
{
	const char *end = strrchr(config, '\\');
	wchar_t *folder;
	int r;

	if (end == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "'%s' is no absolute path", config);
	r = wide_from_utf8(&folder, span_of(config, (size_t)(end - config) + 1), err);
	if (r)
		return r;
	if (!SetCurrentDirectoryW(folder))
		r = scm_failed(err, GetLastError(), config);
	mem_free(folder);
	return r;
}
