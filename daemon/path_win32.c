#include "path.h"

#include <windows.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "path_win32.h"
#include "shm/shm_win32.h"

/*
 * Windows takes both slashes, drives ("C:\x"), shares ("\\server\share\x"), and names that are
 * devices in every folder and with every ending ("C:\x\nul.csv"). A path of more than 260
 * characters must be absolute and begin with "\\?\", after which the system interprets nothing
 * any more.
 */

#define LONG_FROM 240 /* characters; the system's bound is 260, and 248 for folders */

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

bool path_is_separator(char c)
{
	return c == '\\' || c == '/';
}

static bool has_drive(struct span path)
{
	return path.size >= 2 && is_letter(path.data[0]) && path.data[1] == ':';
}

/*
 * "\x" counts as absolute: it lies in the root of the process's drive, whatever the ini's
 * folder is.
 */
bool path_is_absolute(struct span path)
{
	if (path.size && path_is_separator(path.data[0]))
		return true;
	return has_drive(path) && path.size >= 3 && path_is_separator(path.data[2]);
}

/*
 * On Windows the directory is part of a name, and every text can be: docs/FORMAT.md, "On
 * Windows".
 */
bool path_is_absolute_memory(struct span directory)
{
	(void)directory;
	return true;
}

struct span path_directory(const char *path)
{
	size_t n = strlen(path);

	while (n && !path_is_separator(path[n - 1]) && !(n == 2 && path[1] == ':'))
		n--;
	return n ? span_of(path, n) : SPAN_NONE;
}

/* --- paths that no file can have ------------------------------------------------------------------ */

static bool is_word(struct span s, const char *word)
{
	if (s.size != strlen(word))
		return false;
	for (size_t i = 0; i < s.size; i++) {
		if (upper(s.data[i]) != word[i])
			return false;
	}
	return true;
}

/* Only the part of a name before its first dot decides, without blanks at its end. */
static bool is_device(struct span name)
{
	static const char *const words[] = { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$" };
	const char *dot = name.size ? memchr(name.data, '.', name.size) : NULL;

	if (dot != NULL)
		name.size = (size_t)(dot - name.data);
	while (name.size && name.data[name.size - 1] == ' ')
		name.size--;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (is_word(name, words[i]))
			return true;
	}
	if (name.size != 4 || name.data[3] < '1' || name.data[3] > '9')
		return false;
	name.size = 3;
	return is_word(name, "COM") || is_word(name, "LPT");
}

/* Takes the next name off *rest, with the separator after it. Empty between two separators. */
static struct span take_name(struct span *rest)
{
	size_t n = 0, skip;
	struct span name;

	while (n < rest->size && !path_is_separator(rest->data[n]))
		n++;
	name = span_of(rest->data, n);
	skip = n + (n < rest->size);
	*rest = span_of(rest->data + skip, rest->size - skip);
	return name;
}

static int refuse(struct span path, const char *why, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID, "%.*s: %s", (int)path.size, path.data, why);
}

static bool has_device_prefix(struct span path, char third)
{
	return path.size >= 4 && path_is_separator(path.data[0]) &&
	       path_is_separator(path.data[1]) && path.data[2] == third &&
	       path_is_separator(path.data[3]);
}

static bool has_share_prefix(struct span path)
{
	return path.size >= 2 && path_is_separator(path.data[0]) && path_is_separator(path.data[1]);
}

static struct span skip_bytes(struct span path, size_t n)
{
	return span_of(path.data + n, path.size - n);
}

/* Skips the server and the share of a path. *is_pipe: this share has no files. */
static struct span skip_share(bool *is_pipe, struct span path)
{
	struct span share;

	(void)take_name(&path);
	share = take_name(&path);
	*is_pipe = is_word(share, "PIPE") || is_word(share, "MAILSLOT") || is_word(share, "IPC$");
	return path;
}

/* The '?' of "\\?\" does not make a pattern. */
size_t path_glob_at(struct span path)
{
	size_t at = has_device_prefix(path, '?') ? 4 : 0;

	while (at < path.size && strchr("*?[", path.data[at]) == NULL)
		at++;
	return at;
}

bool path_ignores_case(void)
{
	return true;
}

/*
 * Moves *rest to what follows the drive or the share. Returns NULL, or why there is no such
 * path.
 */
static const char *skip_root(struct span *rest)
{
	bool is_pipe = false, is_whole = has_device_prefix(*rest, '?'),
	     has_share = has_share_prefix(*rest);

	if (has_device_prefix(*rest, '.'))
		return "a device, not a file";
	if (is_whole) {
		*rest = skip_bytes(*rest, 4);
		has_share = rest->size >= 4 && is_word(span_of(rest->data, 3), "UNC") &&
		            path_is_separator(rest->data[3]);
	}
	if (has_share)
		*rest = skip_share(&is_pipe, skip_bytes(*rest, is_whole ? 4 : 2));
	else if (has_drive(*rest) && path_is_absolute(*rest))
		*rest = skip_bytes(*rest, 2);
	else if (has_drive(*rest))
		return "relative to a folder that the drive remembers: write a '\\' after the ':'";
	else if (is_whole)
		return "a device, not a file";
	return is_pipe ? "a pipe, not a file" : NULL;
}

int path_check(struct span path, struct shmpub_error *err)
{
	struct span rest = path, name;
	const char *why = skip_root(&rest);

	if (why == NULL && rest.size && memchr(rest.data, ':', rest.size) != NULL)
		why = "a ':' after the drive: no file's name has one";
	if (why != NULL)
		return refuse(path, why, err);
	while (rest.size) {
		name = take_name(&rest);
		if (is_device(name))
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "%.*s: '%.*s' is the name of a device, not of a file",
			                 (int)path.size, path.data, (int)name.size, name.data);
	}
	return SHMPUB_OK;
}

/* --- UTF-16 --------------------------------------------------------------------------------------- */

wchar_t *path_wide_text(const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *wide = n > 0 ? mem_alloc((size_t)n * sizeof(*wide)) : NULL;

	if (wide != NULL)
		MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
	return wide;
}

char *path_narrow(const wchar_t *path)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, path, -1, NULL, 0, NULL, NULL);
	char *text = n > 0 ? mem_alloc((size_t)n) : NULL;

	if (text != NULL)
		WideCharToMultiByte(CP_UTF8, 0, path, -1, text, n, NULL, NULL);
	return text;
}

#define PREFIX_ROOM 8 /* characters before the path: as many as "\\?\UNC\" has */

/* Returns the absolute path after `PREFIX_ROOM` unused characters; NULL: no memory, or no path. */
static wchar_t *absolute_path(const wchar_t *path)
{
	DWORD n = GetFullPathNameW(path, 0, NULL, NULL), got = 0;
	wchar_t *out = n ? mem_alloc((PREFIX_ROOM + (size_t)n) * sizeof(*out)) : NULL;

	if (out != NULL)
		got = GetFullPathNameW(path, n, out + PREFIX_ROOM, NULL);
	if (got != 0 && got < n)
		return out;
	mem_free(out); /* the working directory became longer between the two calls */
	return NULL;
}

/* Moves the path to the beginning of the room, after the prefix that a long path needs. */
static void set_prefix(wchar_t *path)
{
	wchar_t *from = path + PREFIX_ROOM;
	const wchar_t *prefix = L"";

	if (wcslen(from) >= LONG_FROM && wcsncmp(from, L"\\\\?\\", 4) != 0) {
		prefix = wcsncmp(from, L"\\\\", 2) == 0 ? L"\\\\?\\UNC\\" : L"\\\\?\\";
		from += prefix[4] != L'\0' ? 2 : 0;
	}
	memmove(path + wcslen(prefix), from, (wcslen(from) + 1) * sizeof(*path));
	memcpy(path, prefix, wcslen(prefix) * sizeof(*path));
}

int path_wide(wchar_t **out, const char *path, struct shmpub_error *err)
{
	wchar_t *wide;
	int r = path_check(span_str(path), err);

	if (r)
		return r;
	wide = path_wide_text(path);
	if (wide == NULL)
		return error_nomem(err, 2 * strlen(path));
	*out = absolute_path(wide);
	mem_free(wide);
	if (*out == NULL)
		return error_nomem(err, 2 * strlen(path));
	/* a device that path_check does not know */
	if (wcsncmp(*out + PREFIX_ROOM, L"\\\\.\\", 4) == 0) {
		mem_free(*out);
		return refuse(span_str(path), "a device, not a file", err);
	}
	set_prefix(*out);
	return SHMPUB_OK;
}

int path_check_owner(const wchar_t *path, struct shmpub_error *err)
{
	HANDLE h = CreateFileW(path, READ_CONTROL,
	                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
	                       OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	char *text;
	int r;

	if (h == INVALID_HANDLE_VALUE)
		return SHMPUB_OK;
	text = path_narrow(path);
	r = text != NULL ? shm_check_ours(h, text, err) : error_nomem(err, 0);
	CloseHandle(h);
	mem_free(text);
	return r;
}

char *path_of_config(void)
{
	static const wchar_t variable[] = L"ProgramData", tail[] = L"\\shmpub\\shmpubd.ini";
	wchar_t path[MAX_PATH + ARRAY_LEN(tail)];
	DWORD n = GetEnvironmentVariableW(variable, path, MAX_PATH);

	if (n == 0 || n >= MAX_PATH) {
		n = 14;
		memcpy(path, L"C:\\ProgramData", n * sizeof(*path));
	}
	memcpy(path + n, tail, sizeof(tail));
	return path_narrow(path);
}

/* --- failures ------------------------------------------------------------------------------------- */

/* Failures that people meet get our own words: the system's may be in any language. */
static const struct {
	DWORD code;
	const char *text;
} meanings[] = {
	{ ERROR_FILE_NOT_FOUND, "no such file" },
	{ ERROR_PATH_NOT_FOUND, "no such folder, or no such drive" },
	{ ERROR_TOO_MANY_OPEN_FILES, "too many open files" },
	{ ERROR_ACCESS_DENIED, "access denied" },
	{ ERROR_NOT_ENOUGH_MEMORY, "not enough memory" },
	{ ERROR_INVALID_DRIVE, "no such drive" },
	{ ERROR_NOT_READY, "the drive is not ready" },
	{ ERROR_CRC, "the disk cannot be read: its checksum is wrong" },
	{ ERROR_SHARING_VIOLATION, "another program has it open without sharing" },
	{ ERROR_LOCK_VIOLATION, "another program has locked a part of it" },
	{ ERROR_BAD_NETPATH, "no such server, or it cannot be reached" },
	{ ERROR_NETWORK_BUSY, "the network is busy" },
	{ ERROR_DEV_NOT_EXIST, "the share is not there any more" },
	{ ERROR_UNEXP_NET_ERR, "an unexpected error of the network" },
	{ ERROR_NETNAME_DELETED, "the server has ended the connection" },
	{ ERROR_NETWORK_ACCESS_DENIED, "the server denies access" },
	{ ERROR_BAD_NET_NAME, "the server has no such share" },
	{ ERROR_SEM_TIMEOUT, "the server does not answer" },
	{ ERROR_INVALID_NAME, "no file can have this name" },
	{ ERROR_FILENAME_EXCED_RANGE, "the name is too long" },
	{ ERROR_DIRECTORY, "a part of the path is no folder" },
	{ ERROR_IO_DEVICE, "the device cannot be read" },
	{ ERROR_CANT_RESOLVE_FILENAME, "a link that leads to itself" },
	{ ERROR_NO_SYSTEM_RESOURCES, "the system is short of memory" },
	{ ERROR_LOGON_FAILURE, "the server does not know the user or the password" },
	{ ERROR_NETWORK_UNREACHABLE, "the network cannot be reached" },
};

static const char *meaning(DWORD code)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (meanings[i].code == code)
			return meanings[i].text;
	}
	return NULL;
}

/* The system's words for an error, in English if it has them, without the full stop. */
static void system_words(char out[256], DWORD code)
{
	wchar_t wide[128];
	DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
	              FORMAT_MESSAGE_MAX_WIDTH_MASK;
	DWORD english = MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US);
	DWORD n = FormatMessageW(flags, NULL, code, english, wide, ARRAY_LEN(wide), NULL);

	if (n == 0)
		n = FormatMessageW(flags, NULL, code, 0, wide, ARRAY_LEN(wide), NULL);
	while (n && (wide[n - 1] == L' ' || wide[n - 1] == L'.'))
		n--;
	n = (DWORD)WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, out, 255, NULL, NULL);
	out[n] = '\0';
	if (n == 0)
		snprintf(out, 256, "unknown");
}

int path_failed(struct shmpub_error *err, unsigned long code, const char *path)
{
	const char *text = meaning(code);
	char words[256];

	if (text == NULL)
		system_words(words, code);
	error_set(err, SHMPUB_ERR_SYS, "%s: error %lu (%s)", path, code,
	          text != NULL ? text : words);
	if (err != NULL)
		err->sys = (int)code;
	return SHMPUB_ERR_SYS;
}
