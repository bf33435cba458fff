#include "shm/shm_win32.h"

#include <stdio.h>
#include <string.h>

#include "base/name.h"

/*
 * shm.h on Windows: instances, which are in a namespace of the kernel's objects.
 *
 * The path of an instance is the first part of its objects' names. All sessions see the namespace
 * `Global\`, in which only services and administrators may make sections; each session has its own
 * `Local\`. With the directory "auto" a publisher uses Global if it may, and a reader looks there
 * first, because a section there can be trusted to belong to somebody with that right. Objects of
 * other kinds can be made in Global by anybody: one with a name of ours makes our calls fail, with
 * a message that says so, but no reader takes it for an instance.
 *
 * A reader keeps only the path of an instance, and no handle: a handle would keep the name after
 * the publisher's death.
 */

#define GLOBAL "Global\\"
#define LOCAL "Local\\"

/* The namespaces to try, in order. */
struct prefixes {
	size_t n;
	const char *texts[2];
	const char *folder; /* follows each of them, with a slash at its end; may be empty */
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

/* In the name of an object only the namespace may end in a backslash: others become slashes. */
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

/*
 * True when the catalog with that number exists. A root page may exist without it, after its
 * publisher has ended, if another program has a handle of the page.
 */
static bool catalog_exists(const char *path, uint64_t number)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	char leaf[SHM_LEAF_UNITS];
	HANDLE section;

	if (number == 0)
		return false;
	snprintf(leaf, sizeof(leaf), "%llu", (unsigned long long)number);
	shm_object_name(name, path, leaf);
	section = OpenFileMappingW(READ_CONTROL, FALSE, name);
	if (section == NULL) /* access denied: it exists */
		return GetLastError() != ERROR_FILE_NOT_FOUND;
	CloseHandle(section);
	return true;
}

/* Tries the instance at one path. SHM_ABSENT: it is not there, the next namespace is tried. */
typedef int attempt(void *arg, const char *path, bool is_last, struct shmpub_error *err);

/* Call fn for the path in each namespace until it returns something else than SHM_ABSENT. */
static int try_each(struct shm_dir *dir, const char *directory, const char *instance, attempt *fn,
                    void *arg, struct shmpub_error *err)
{
	struct prefixes prefixes;
	int r = check_name(instance, err);

	*dir = SHM_DIR_NONE;
	if (r != SHMPUB_OK)
		return r;
	parse(&prefixes, directory);
	r = SHM_ABSENT;
	for (size_t i = 0; i < prefixes.n && r == SHM_ABSENT; i++) {
		r = set_path(dir, prefixes.texts[i], prefixes.folder, instance, err);
		if (r == SHMPUB_OK)
			r = fn(arg, dir->path, i + 1 == prefixes.n, err);
	}
	return r;
}

/* A root page without a catalog must not hide an instance in the next namespace. */
static int find_root(void *arg, const char *path, bool is_last, struct shmpub_error *err)
{
	struct shm_user owner;
	uint64_t number;
	int r = shm_root_look(&number, &owner, path, err);

	(void)arg;
	return r == SHMPUB_OK && !is_last && !catalog_exists(path, number) ? SHM_ABSENT : r;
}

int shm_dir_open(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	struct shm_dir dir;
	int r = try_each(&dir, directory, instance, find_root, NULL, err);

	*out = r == SHMPUB_OK ? dir : SHM_DIR_NONE;
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

struct root {
	HANDLE section;
	struct shm_root *page;
};

static int make_root(void *arg, const char *path, bool is_last, struct shmpub_error *err)
{
	struct root *root = arg;

	(void)is_last;
	return shm_root_make(&root->section, &root->page, path, err);
}

int shm_dir_make(struct shm_dir *out, const char *directory, const char *instance,
                 struct shmpub_error *err)
{
	struct shm_dir dir;
	struct root root;
	int r = try_each(&dir, directory, instance, make_root, &root, err);

	*out = SHM_DIR_NONE;
	if (r == SHM_ABSENT)
		return no_privilege(&dir, err);
	if (r == SHMPUB_OK)
		r = shm_names_new(&dir.names, dir.path, root.section, root.page, err);
	if (r == SHMPUB_OK)
		*out = dir;
	return r;
}

/* The namespaces always exist, so there is nothing to open. */
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

/* Nobody can remove a namespace. */
bool shm_dir_is_in_place(const struct shm_dir *dir)
{
	(void)dir;
	return true;
}

int64_t shm_dir_changed_ns(const struct shm_dir *dir)
{
	(void)dir;
	return 0;
}

void shm_dir_remove(const struct shm_dir *dir)
{
	(void)dir;
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

/* Windows has no leases, and the count of a section's handles does not include views. */
int shm_dir_recycles(const struct shm_dir *dir, struct shmpub_error *err)
{
	(void)error_set(err, SHMPUB_ERR_SYS,
	                "%s: Windows does not tell who has a snapshot mapped, so no memory is used "
	                "again",
	                dir->path);
	return SHM_UNFIT;
}

uint64_t shm_dir_free(const struct shm_dir *dir)
{
	(void)dir;
	return UINT64_MAX;
}
