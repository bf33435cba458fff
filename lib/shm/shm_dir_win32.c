#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"

/*
 * shm.h on Windows: the instance, which stands in a namespace of the kernel's objects.
 *
 * What is a directory elsewhere is here the beginning of names. `Global\` is for all sessions, and
 * only services and administrators make sections in it; `Local\` is the session's own. A publisher
 * that may choose takes the wider one; a reader that may choose looks there first, since a section
 * there is of somebody who may make one. Other objects anybody can make there: one that takes a
 * name of ours is in the way, and told as such, but deceives nobody.
 *
 * A reader keeps no handle of an instance, only its path: a handle would keep the name alive after
 * the publisher's death.
 */

#define GLOBAL "Global\\"
#define LOCAL "Local\\"

/* The beginnings to try, in order. */
struct prefixes {
	size_t n;
	const char *texts[2];
	const char *folder; /* what comes behind them, up to a slash; may be empty */
	bool is_explicit;
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void parse(struct prefixes *out, const char *directory)
{
	*out = (struct prefixes){ .n = 1, .texts = { LOCAL, NULL }, .folder = "" };
	if (strcmp(directory, "auto") == 0) {
		*out = (struct prefixes){ .n = 2, .texts = { GLOBAL, LOCAL }, .folder = "" };
	} else if (strcmp(directory, "Global") == 0) {
		out->texts[0] = GLOBAL;
	} else if (begins(directory, GLOBAL)) {
		out->texts[0] = GLOBAL;
		out->folder = directory + strlen(GLOBAL);
	} else if (begins(directory, LOCAL)) {
		out->folder = directory + strlen(LOCAL);
	} else if (strcmp(directory, "Local") != 0) {
		out->folder = directory;
	}
}

/* A backslash stands in no name of an object but behind its namespace. */
static int set_path(struct shm_dir *dir, const char *prefix, const char *folder,
                    const char *instance, struct shmpub_error *err)
{
	wchar_t wide[SHM_NAME_UNITS + 1 - SHM_LEAF_UNITS];
	int n = snprintf(dir->path, sizeof(dir->path), "%s%s%sshmpub.%s", prefix, folder,
	                 folder[0] != '\0' ? "/" : "", instance);

	for (char *p = dir->path + strlen(prefix); *p != '\0'; p++) {
		if (*p == '\\')
			*p = '/';
	}
	if (n >= 0 && (size_t)n < sizeof(dir->path) &&
	    shm_wide(wide, sizeof(wide) / sizeof(wide[0]), dir->path) > 0)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "directory %s: not UTF-8, or longer than the name of a section may be "
	                 "(%d characters with %s)",
	                 folder, SHM_NAME_UNITS - SHM_LEAF_UNITS, instance);
}

static int check_name(const char *instance, struct shmpub_error *err)
{
	return name_is_instance(span_str(instance))
	               ? SHMPUB_OK
	               : error_set(err, SHMPUB_ERR_INVALID,
	                           "instance name \"%s\": want 1 to 40 of A-Z a-z 0-9 _ -, "
	                           "not beginning with -",
	                           instance);
}

/* A root page may outlive its publisher, killed or stopped, by somebody's handle. */
static bool leads_somewhere(const char *path, uint64_t number)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	char leaf[SHM_LEAF_UNITS];
	HANDLE section;

	if (number == 0)
		return false;
	snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)number);
	shm_object_name(name, path, leaf);
	section = OpenFileMappingW(READ_CONTROL, FALSE, name);
	if (section == NULL) /* closed to us is there all the same */
		return GetLastError() != ERROR_FILE_NOT_FOUND;
	CloseHandle(section);
	return true;
}

int shm_dir_open(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	struct shm_dir dir = SHM_DIR_NONE;
	struct prefixes prefixes;
	struct shm_user owner;
	uint64_t number;
	int r = check_name(instance, err);

	*out = SHM_DIR_NONE;
	parse(&prefixes, directory);
	if (r != SHMPUB_OK)
		return r;
	r = SHM_ABSENT;
	for (size_t i = 0; i < prefixes.n && r == SHM_ABSENT; i++) {
		r = set_path(&dir, prefixes.texts[i], prefixes.folder, instance, err);
		if (r == SHMPUB_OK)
			r = shm_root_look(&number, &owner, dir.path, err);
		if (r == SHMPUB_OK && i + 1 < prefixes.n && !leads_somewhere(dir.path, number))
			r = SHM_ABSENT; /* it does not hide what stands in the next one */
	}
	if (r == SHMPUB_OK)
		*out = dir;
	return r;
}

static int no_privilege(const struct shm_dir *dir, struct shmpub_error *err)
{
	return error_set(
	        err, SHMPUB_ERR_ACCESS,
	        "%s: this process may make no section in the namespace Global: run it as a "
	        "service or as an administrator (SeCreateGlobalPrivilege), or take the "
	        "directory Local",
	        dir->path);
}

int shm_dir_make(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	struct shm_dir dir = SHM_DIR_NONE;
	struct prefixes prefixes;
	struct shm_root *page = NULL;
	HANDLE root = NULL;
	int r = check_name(instance, err);

	*out = SHM_DIR_NONE;
	parse(&prefixes, directory);
	if (r != SHMPUB_OK)
		return r;
	r = SHM_ABSENT;
	for (size_t i = 0; i < prefixes.n && r == SHM_ABSENT; i++) {
		r = set_path(&dir, prefixes.texts[i], prefixes.folder, instance, err);
		if (r == SHMPUB_OK)
			r = shm_root_make(&root, &page, dir.path, err);
	}
	if (r == SHM_ABSENT)
		return no_privilege(&dir, err);
	if (r == SHMPUB_OK)
		r = shm_names_new(&dir.names, dir.path, root, page, err);
	if (r == SHMPUB_OK)
		*out = dir;
	return r;
}

/* There is nothing that could be missing: the namespaces are the system's. */
int shm_dir_base(struct shm_dir *out, const char *directory, struct shmpub_error *err)
{
	struct prefixes prefixes;

	*out = SHM_DIR_NONE;
	parse(&prefixes, directory);
	return set_path(out, prefixes.texts[0], prefixes.folder, "", err);
}

bool shm_names_persist(void)
{
	return false;
}

/* Nobody can take it away. */
bool shm_dir_stands(const struct shm_dir *dir)
{
	(void)dir;
	return true;
}

void shm_dir_close(struct shm_dir *dir)
{
	shm_names_free(dir->names);
	*dir = SHM_DIR_NONE;
}

int shm_dir_owner(struct shm_user *out, const struct shm_dir *dir, struct shmpub_error *err)
{
	uint64_t number;

	return shm_root_look(&number, out, dir->path, err);
}

/* No lease tells who has a section, and the count of its handles knows nothing of views. */
int shm_dir_recycles(const struct shm_dir *dir, struct shmpub_error *err)
{
	(void)error_set(err, SHMPUB_ERR_SYS,
	                "%s: Windows does not tell who has a snapshot mapped, so no memory is used "
	                "again",
	                dir->path);
	return SHM_UNFIT;
}
