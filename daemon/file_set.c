#include "file_set.h"

#include <stdlib.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"
#include "content_hash.h"
#include "name_glob.h"
#include "path.h"
#include "source_file.h"

/*
 * The names of a directory are read to their end before anything is done with them, so that no
 * more than one directory is open at a time.
 */

#define ENTRIES_AT_ONCE 256

struct walk {
	/* exactly one of both is set */
	struct file_set *set;
	struct buffer *watched;
	bool is_all;        /* of `watched`: an event tells every change */
	size_t n, most;     /* of `watched` */
	struct buffer path; /* of the directory, with a separator; empty: the working directory */
	struct shmpub_error *err;
};

static int expand(struct walk *w, struct span rest, bool is_found);

/* --- directories ---------------------------------------------------------------------------------- */

static int tell_system(int sys, const char *path, struct shmpub_error *err)
{
	error_set(err, SHMPUB_ERR_SYS, "%s: %s", path, uv_strerror(sys));
	if (err != NULL)
		err->sys = -sys;
	return SHMPUB_ERR_SYS;
}

static bool is_wanted(struct walk *w, const uv_dirent_t *entry, struct span part, bool is_last)
{
	if (entry->type == (is_last ? UV_DIRENT_DIR : UV_DIRENT_FILE) ||
	    !name_glob_matches(part, span_str(entry->name), path_ignores_case()))
		return false;
	/* what a link leads to may change somewhere else */
	w->is_all &= entry->type == UV_DIRENT_FILE || entry->type == UV_DIRENT_DIR;
	return true;
}

/* Appends each name that matches, with a zero byte after it. */
static int read_names(struct buffer *names, struct walk *w, uv_dir_t *dir, struct span part,
                      bool is_last)
{
	uv_dirent_t entries[ENTRIES_AT_ONCE];
	uv_fs_t q;
	int n, r = SHMPUB_OK;

	dir->dirents = entries;
	dir->nentries = ENTRIES_AT_ONCE;
	do {
		n = uv_fs_readdir(NULL, &q, dir, NULL);
		for (int i = 0; i < n && !r; i++) {
			const char *name = entries[i].name;

			if (is_wanted(w, &entries[i], part, is_last))
				r = buffer_append(names, span_of(name, strlen(name) + 1), w->err);
		}
		uv_fs_req_cleanup(&q);
	} while (n > 0 && !r);
	return r ? r : n;
}

/* `is_found`: another pattern has found this name, which need not be a directory. */
static int list_names(struct buffer *names, struct walk *w, struct span part, bool is_last,
                      bool is_found)
{
	const char *path = w->path.size > 1 ? w->path.data : ".";
	uv_dir_t *dir;
	uv_fs_t q;
	int sys = uv_fs_opendir(NULL, &q, path, NULL), r;

	dir = q.ptr;
	uv_fs_req_cleanup(&q);
	if (sys < 0 && is_found && (sys == UV_ENOTDIR || sys == UV_ENOENT))
		return SHMPUB_OK;
	if (sys < 0)
		return tell_system(sys, path, w->err);
	r = read_names(names, w, dir, part, is_last);
	(void)uv_fs_closedir(NULL, &q, dir, NULL);
	uv_fs_req_cleanup(&q);
	return r < 0 && r != SHMPUB_ERR_NOMEM ? tell_system(r, path, w->err) : r;
}

/* --- paths ---------------------------------------------------------------------------------------- */

static int add_file(struct walk *w, struct span path)
{
	struct file_set *s = w->set;
	struct set_file *grown;

	if (s->n == FILE_SET_MAX)
		return error_set(w->err, SHMPUB_ERR_LIMIT, "%.*s: more than %zu files match",
		                 (int)s->n_fixed, path.data, FILE_SET_MAX);
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		grown = mem_resize(s->files, s->room * sizeof(*grown));
		if (grown == NULL)
			return error_nomem(w->err, s->room * sizeof(*grown));
		s->files = grown;
	}
	s->files[s->n] = (struct set_file){ .path = mem_copy(path) };
	return s->files[s->n].path != NULL ? (s->n++, SHMPUB_OK) : error_nomem(w->err, path.size);
}

static int watch_directory(struct walk *w, struct span part)
{
	int r;

	if (w->n++ >= w->most) {
		w->is_all = false;
		return SHMPUB_OK;
	}
	r = buffer_append(w->watched, span_str(w->path.data ? w->path.data : ""), w->err);
	if (!r)
		r = buffer_append(w->watched, part, w->err);
	return r ? r : buffer_append(w->watched, span_of("", 1), w->err);
}

/* Sets the path to its first `size` bytes and `name`. It always ends with a zero byte. */
static int set_path(struct walk *w, size_t size, struct span name, const char *end)
{
	int r;

	w->path.size = size;
	r = buffer_append(&w->path, name, w->err);
	if (!r)
		r = buffer_append(&w->path, span_of(end, strlen(end) + 1), w->err);
	return r;
}

static size_t path_size(const struct walk *w)
{
	return w->path.size > 0 ? w->path.size - 1 : 0;
}

/* One name that matches; `rest` is what comes after this part. */
static int expand_name(struct walk *w, struct span name, struct span rest, bool is_last,
                       bool is_found)
{
	size_t before = path_size(w);
	int r = set_path(w, before, name, is_last ? "" : "/");

	if (!r && is_last && w->set != NULL)
		r = add_file(w, span_of(w->path.data, path_size(w)));
	else if (!r && !is_last)
		r = expand(w, rest, is_found);
	return r ? r : set_path(w, before, span_str(""), "");
}

static int expand_names(struct walk *w, struct span part, struct span rest, bool is_last,
                        bool is_found)
{
	struct buffer names = BUFFER_NONE;
	int r = list_names(&names, w, part, is_last, is_found);

	for (size_t at = 0; at < names.size && !r;) {
		struct span name = span_str(names.data + at);

		r = expand_name(w, name, rest, is_last, true);
		at += name.size + 1;
	}
	buffer_free(&names);
	return r;
}

/* `rest` is the part of the pattern that comes after w->path. */
static int expand(struct walk *w, struct span rest, bool is_found)
{
	bool is_last, is_glob;
	struct span part;
	size_t n = 0;
	int r = SHMPUB_OK;

	while (n < rest.size && !path_is_separator(rest.data[n]))
		n++;
	part = span_of(rest.data, n);
	is_last = n == rest.size;
	rest = span_of(rest.data + n + !is_last, rest.size - n - !is_last);
	is_glob = name_glob_is_pattern(part);
	if (w->watched != NULL && (is_glob || is_last))
		r = watch_directory(w, part);
	if (r || (w->watched != NULL && is_last && !is_glob))
		return r;
	return is_glob ? expand_names(w, part, rest, is_last, is_found)
	               : expand_name(w, part, rest, is_last, is_found);
}

size_t file_set_fixed_size(const char *pattern)
{
	size_t n = path_glob_at(span_str(pattern));

	while (n > 0 && !path_is_separator(pattern[n - 1]))
		n--;
	return n;
}

static int walk_pattern(struct walk *w, const char *pattern)
{
	size_t fixed = file_set_fixed_size(pattern);
	int r = set_path(w, 0, span_of(pattern, fixed), "");

	if (w->set != NULL)
		w->set->n_fixed = fixed;
	if (!r)
		r = expand(w, span_str(pattern + fixed), false);
	buffer_free(&w->path);
	return r;
}

int file_set_watched(struct buffer *out, bool *is_all, const char *pattern, size_t most,
                     struct shmpub_error *err)
{
	struct walk w = { .watched = out, .is_all = true, .most = most, .err = err };
	int r = walk_pattern(&w, pattern);

	*is_all = w.is_all;
	return r;
}

/* --- looks ---------------------------------------------------------------------------------------- */

bool file_set_is_gone(const char *path)
{
	uv_fs_t q;
	int sys = uv_fs_lstat(NULL, &q, path, NULL);

	uv_fs_req_cleanup(&q);
	return sys == UV_ENOENT || sys == UV_ENOTDIR;
}

static bool is_directory(const char *path)
{
	uv_fs_t q;
	int sys = uv_fs_stat(NULL, &q, path, NULL);
	bool is = sys == 0 && (q.statbuf.st_mode & S_IFMT) == S_IFDIR;

	uv_fs_req_cleanup(&q);
	return is;
}

/* Leaves out directories, and what has gone since it was listed. */
static int look_at_all(struct file_set *s, struct shmpub_error *err)
{
	size_t kept = 0, i;
	int r = SHMPUB_OK;

	for (i = 0; i < s->n && !r; i++) {
		struct set_file *f = &s->files[i];
		bool is_out;

		r = source_file_look(&f->mark, f->path, err);
		is_out = r && (file_set_is_gone(f->path) || is_directory(f->path));
		if (r && !is_out)
			break;
		r = SHMPUB_OK;
		f->name = f->path + s->n_fixed;
		if (is_out)
			mem_free(f->path);
		else
			s->files[kept++] = *f;
	}
	for (; i < s->n; i++)
		mem_free(s->files[i].path);
	s->n = kept;
	return r;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(((const struct set_file *)a)->path, ((const struct set_file *)b)->path);
}

int file_set_look(struct file_set *out, const char *pattern, struct shmpub_error *err)
{
	struct file_set set = FILE_SET_NONE;
	struct walk w = { .set = &set, .err = err };
	int r = walk_pattern(&w, pattern);

	if (!r && set.n > 1)
		qsort(set.files, set.n, sizeof(*set.files), compare_paths);
	if (!r)
		r = look_at_all(&set, err);
	if (r) {
		file_set_free(&set);
		return r;
	}
	*out = set;
	return SHMPUB_OK;
}

void file_set_free(struct file_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		mem_free(s->files[i].path);
	mem_free(s->files);
	*s = FILE_SET_NONE;
}

/* --- one mark for all ------------------------------------------------------------------------------ */

static void hash_file(struct content_hash *h, const struct set_file *f)
{
	const struct source_mark *m = &f->mark;
	const uint64_t numbers[] = {
		m->device, m->inode, m->size, (uint64_t)m->mtime_ns, (uint64_t)m->ctime_ns,
		m->mode,   m->gid,
	};

	content_hash_add(h, span_of(f->path, strlen(f->path) + 1));
	content_hash_add(h, span_of((const char *)numbers, sizeof(numbers)));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Whoever is in the one group need not be in the other. */
static void join_readers(struct source_mark *all, const struct source_mark *one)
{
	bool is_open = all->readers.mode == 0644, is_one_open = one->readers.mode == 0644;

	if (all->readers.mode == 0640 && one->readers.mode == 0640 &&
	    all->readers.gid != one->readers.gid)
		all->readers.mode = 0600;
	else if (is_open || (!is_one_open && one->readers.mode < all->readers.mode))
		all->readers = one->readers;
	all->mode &= one->mode;
}

struct source_mark file_set_mark(const struct file_set *s)
{
	struct source_mark all = { .is_settled = true, .inode = 1 };
	struct content_hash hash;

	if (s->n > 0) {
		all.mode = s->files[0].mark.mode;
		all.gid = s->files[0].mark.gid;
		all.readers = s->files[0].mark.readers;
	}
	content_hash_begin(&hash, 0);
	for (size_t i = 0; i < s->n; i++) {
		const struct source_mark *m = &s->files[i].mark;

		all.is_settled &= m->is_settled;
		all.is_cut |= m->is_cut;
		all.size += m->size;
		all.mtime_ns = later(all.mtime_ns, m->mtime_ns);
		all.ctime_ns = later(all.ctime_ns, m->ctime_ns);
		join_readers(&all, m);
		hash_file(&hash, &s->files[i]);
	}
	all.look_hash = content_hash_end(&hash);
	return all;
}

int file_set_tell_none(const char *pattern, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID, "%s: no file matches", pattern);
}

int file_set_usable(struct source_mark *mark, size_t *n, const char *pattern,
                    struct shmpub_error *err)
{
	struct file_set set;
	int r = file_set_look(&set, pattern, err);

	if (r)
		return r;
	*n = set.n;
	if (set.n == 0)
		r = file_set_tell_none(pattern, err);
	for (size_t i = 0; i < set.n && !r; i++)
		r = source_file_usable(&set.files[i].mark, set.files[i].path, err);
	*mark = file_set_mark(&set);
	file_set_free(&set);
	return r;
}
