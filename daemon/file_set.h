/*
 * The files that match a pattern, in the order of their paths (bytewise), and how they look: as
 * long as no look differs, none of them need be opened.
 *
 * Each part of the pattern between two separators is a glob (name_glob.h). Directories that match its
 * last part are passed over; a symbolic link counts as what it leads to.
 *
 * Threads:  a worker; a directory on a dead server can hang each of these calls for ever.
 * Lifetime: FILE_SET_NONE may be freed.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID (something that is no file matches),
 *           SHMPUB_ERR_LIMIT (more than FILE_SET_MAX), SHMPUB_ERR_NOMEM; each line begins with a
 *           path.
 */
#ifndef SHMPUBD_FILE_SET_H
#define SHMPUBD_FILE_SET_H

#include "base/buffer.h"
#include "source.h"

#define FILE_SET_MAX ((size_t)100000)

struct set_file {
	char *path;       /* owned */
	const char *name; /* in `path`, after the part that is the same for all files */
	struct source_mark mark;
};

struct file_set {
	struct set_file *files; /* owned */
	size_t n, room;
	size_t n_fixed; /* bytes of each path before its name */
};
#define FILE_SET_NONE ((struct file_set){ .files = NULL })

/* Lists the files and looks at each. No file is no failure. *out is set on success only. */
int file_set_look(struct file_set *out, const char *pattern, struct shmpub_error *err);
/*
 * One mark for all of them. Who may read: who may read each one. Its times are the newest ones,
 * its size is that of all files, and its look is the looks of all of them, in order.
 */
struct source_mark file_set_mark(const struct file_set *set);
void file_set_free(struct file_set *set);
/*
 * Whether all files can be opened for reading now. *n is how many match; none is a failure. *mark
 * is set on success.
 */
int file_set_usable(struct source_mark *mark, size_t *n, const char *pattern,
                    struct shmpub_error *err);
int file_set_tell_none(const char *pattern, struct shmpub_error *err);

/* Bytes of the pattern before its first part that is one, with the separator. */
size_t file_set_fixed_size(const char *pattern);
/* Whether the path leads nowhere. */
bool file_set_is_gone(const char *path);
/*
 * Appends the directories, with a separator, whose files and folders the pattern is matched
 * with, each with the part of the pattern for its names: "/data/2026/q-*.csv". Each text ends
 * with a zero byte. *is_all becomes false when there are more than `most`, and when one of the
 * files is a link, which may change without an event in these directories.
 */
int file_set_watched(struct buffer *out, bool *is_all, const char *pattern, size_t most,
                     struct shmpub_error *err);

#endif
