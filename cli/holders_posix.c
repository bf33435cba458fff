#include "holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * A snapshot is found by its name: FEED.arrow is the newest one, .FEED.N one that was replaced,
 * which keeps its name in /proc, with " (deleted)" after it, when it has none any more. The
 * directory's path is compared by its last part only, as other mount namespaces have other paths.
 */

#define FILES_MAX 64 /* snapshots of one feed that one process holds, which are told apart */

struct search {
	struct holders *out;
	size_t room;
	char folder[64]; /* the last part of the instance's path, as "/shmpub/" */
	char newest[64], older[64];
	struct holder *now;
	uint64_t inodes[FILES_MAX];
	size_t n_inodes;
	struct shmpub_error *err;
};

static bool is_number_at(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && (text[n] == '\0' || strcmp(text + n, " (deleted)") == 0);
}

/* Whether the path is that of a snapshot of the feed. *is_newest is set then. */
static bool is_snapshot(const struct search *s, const char *path, bool *is_newest)
{
	const char *name = strrchr(path, '/');
	size_t folder = strlen(s->folder), older = strlen(s->older);

	if (name == NULL)
		return false;
	name++;
	if ((size_t)(name - path) < folder || memcmp(name - folder, s->folder, folder) != 0)
		return false;
	*is_newest = strcmp(name, s->newest) == 0;
	return *is_newest || (strncmp(name, s->older, older) == 0 && is_number_at(name + older));
}

/* Counts bytes of a snapshot, and the snapshot itself once for each inode. */
static void add(struct search *s, uint64_t inode, uint64_t bytes, bool is_newest)
{
	s->now->bytes += bytes;
	for (size_t i = 0; i < s->n_inodes; i++) {
		if (s->inodes[i] == inode)
			return;
	}
	if (s->n_inodes < FILES_MAX)
		s->inodes[s->n_inodes++] = inode;
	s->now->has_newest |= is_newest;
	s->now->n_older += !is_newest;
}

static bool is_known(const struct search *s, uint64_t inode)
{
	for (size_t i = 0; i < s->n_inodes; i++) {
		if (s->inodes[i] == inode)
			return true;
	}
	return false;
}

/* --- one process --------------------------------------------------------------------------------- */

/* "55d0-55d4 r--s 00000000 00:17 1234   /dev/shm/shmpub/quotes.arrow" */
static void take_mapping(struct search *s, char *line)
{
	unsigned long long from, to, inode;
	bool is_newest;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llx-%llx %*4s %*x %*x:%*x %llu %n", &from, &to, &inode, &at) < 3 ||
	    at == 0)
		return;
	if (is_snapshot(s, line + at, &is_newest))
		add(s, inode, to - from, is_newest);
}

/* False: it may not be looked at. A process that is gone has nothing. */
static bool look_at_mappings(struct search *s, const char *pid)
{
	char path[64], line[4600];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/maps", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return errno != EACCES && errno != EPERM;
	while (fgets(line, sizeof(line), f) != NULL)
		take_mapping(s, line);
	fclose(f);
	return true;
}

/* Files that are open and not mapped. */
static void look_at_files(struct search *s, const char *pid)
{
	char path[64], target[4096];
	struct dirent *entry;
	struct stat status;
	bool is_newest;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL) {
		n = readlinkat(dirfd(d), entry->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (is_snapshot(s, target, &is_newest) &&
		    fstatat(dirfd(d), entry->d_name, &status, 0) == 0 &&
		    !is_known(s, status.st_ino))
			add(s, status.st_ino, (uint64_t)status.st_size, is_newest);
	}
	closedir(d);
}

static void name_process(struct holder *h, const char *pid)
{
	char path[64];
	struct stat status;
	struct passwd *user = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	if (stat(path, &status) == 0) {
		user = getpwuid(status.st_uid);
		snprintf(h->user, sizeof(h->user), "%u", (unsigned)status.st_uid);
	}
	if (user != NULL)
		snprintf(h->user, sizeof(h->user), "%s", user->pw_name);
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(h->command, sizeof(h->command), f) != NULL)
		h->command[strcspn(h->command, "\n")] = '\0';
	fclose(f);
}

static int keep(struct search *s, const struct holder *h)
{
	struct holder *list;

	if (s->out->n == s->room) {
		s->room = s->room ? 2 * s->room : 16;
		list = mem_resize(s->out->list, s->room * sizeof(*list));
		if (list == NULL)
			return error_nomem(s->err, s->room * sizeof(*list));
		s->out->list = list;
	}
	s->out->list[s->out->n++] = *h;
	return SHMPUB_OK;
}

static int look_at_process(struct search *s, const char *pid)
{
	struct holder h = { .pid = strtoull(pid, NULL, 10) };

	s->now = &h;
	s->n_inodes = 0;
	if (!look_at_mappings(s, pid)) {
		s->out->n_hidden++;
		return SHMPUB_OK;
	}
	look_at_files(s, pid);
	if (h.bytes == 0)
		return SHMPUB_OK;
	name_process(&h, pid);
	return keep(s, &h);
}

/* --- all of them --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

int holders_find(struct holders *out, const char *instance, const char *feed, uint64_t publisher,
                 struct shmpub_error *err)
{
	struct search s = { .out = out, .err = err };
	struct dirent *entry;
	int r = SHMPUB_OK;
	DIR *d;

	*out = HOLDERS_NONE;
	snprintf(s.folder, sizeof(s.folder), "/%s/", instance);
	snprintf(s.newest, sizeof(s.newest), "%s.arrow", feed);
	snprintf(s.older, sizeof(s.older), ".%s.", feed);
	d = opendir("/proc");
	if (d == NULL)
		return error_sys(err, errno, "/proc");
	while (r == SHMPUB_OK && (entry = readdir(d)) != NULL) {
		uint64_t pid = strtoull(entry->d_name, NULL, 10);

		if (isdigit((unsigned char)entry->d_name[0]) && pid != publisher &&
		    pid != (uint64_t)getpid())
			r = look_at_process(&s, entry->d_name);
	}
	closedir(d);
	if (out->n > 0)
		qsort(out->list, out->n, sizeof(*out->list), compare);
	return r;
}

void holders_free(struct holders *h)
{
	mem_free(h->list);
	*h = HOLDERS_NONE;
}
