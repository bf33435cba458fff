/*
 * Tells when a file may have changed, without looking at it again and again: directories are watched by
 * the system, one watch for all files of a directory, and an event finds its file by name.
 *
 * A watch only hastens: whoever uses it goes on looking now and then, because some file systems tell
 * nothing (network, those of a virtual machine's host), and no system tells of everything.
 *
 * A path is watched in two steps. watch_resolve() finds on a worker, where a dead server can hang it,
 * which names in which directories decide what the path means: each symbolic link on the way, the file's
 * own name, or the first part that is not there yet. Of a pattern it finds the directories as they are
 * now, and in each of them all names count that match. watch_follow() then makes events at those names
 * call watcher->changed. What happens between the two steps is told as well.
 *
 * Threads:  watch_resolve() on a worker, any number at a time; all else on the loop thread.
 * Lifetime: a watcher that is all zero watches nothing. watch_forget() before it is freed.
 *           watch_close() before the loop is closed; watch_deinit() after it, when no worker is left.
 * Errors:   SHMPUB_ERR_SYS: the system gives no more watches (the line says which limit), or the
 *           directory cannot be watched; SHMPUB_ERR_NOMEM.
 *
 * watch.c dispatches events; watch_posix.c and watch_win32.c are what the system provides.
 */
#ifndef SHMPUBD_WATCH_H
#define SHMPUBD_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

enum watch_event {
	WATCH_WRITTEN = 1, /* bytes or attributes */
	WATCH_DONE = 2,    /* a writer has closed the file, or renamed one to its name */
	/* The name means something else now, or nothing: the path is to be resolved again. */
	WATCH_NAMES = 4,
};

#define WATCH_SPOTS_MAX 1024
#define WATCH_DIRECTORIES_MAX 256 /* of one pattern; the changes in others are found by looks */
#define WATCH_STRAYS 64

/* A name in a directory. The strings are owned by the plan. */
struct watch_spot {
	int64_t handle;  /* of the directory's watch; -1: not begun */
	char *directory; /* where the system needs it; else NULL */
	char *name;
};

struct watch_plan {
	struct watch_spot *spots; /* owned */
	size_t n, room;
	bool has_globs;    /* names of the spots may be patterns */
	uint64_t n_strays; /* watch->n_strays at the beginning */
	/* Everything that happens to the file is told: looks may be rare. */
	bool is_reliable;
};
#define WATCH_PLAN_NONE ((struct watch_plan){ .n = 0 })

struct watcher;
struct watch_directory;

struct watch_entry {
	struct watch_entry *next;               /* in a bucket of the table */
	struct watch_entry *next_in, **link_in; /* of one directory */
	struct watch_directory *directory;
	struct watcher *watcher;
	uint64_t hash;
	bool is_glob; /* events at all names that match `name` are meant */
	char *name;
};

struct watcher {
	/* `events`: enum watch_event, or-ed. Must not forget or follow anything. */
	void (*changed)(struct watcher *watcher, unsigned events);
	struct watch_entry *entries; /* owned */
	size_t n;
	struct watcher *next, **link; /* all that follow something */
	bool is_reliable;
};

struct watch_system; /* watch_posix.c, watch_win32.c */

struct watch {
	uv_loop_t *loop;
	struct watch_system *system; /* NULL: not opened yet, or nothing can be watched */
	bool is_tried;
	struct watch_entry **buckets;
	size_t n_buckets, n_entries;
	struct watch_directory **directories; /* by handle, n_buckets of them */
	struct watcher *watchers;
	uint64_t n_strays;             /* [atomic] events so far at names that nobody followed */
	uint64_t strays[WATCH_STRAYS]; /* the hashes of the last ones */
	size_t n_resolving;
	struct shmpub_error why; /* there is no `system` */
};

/* The system is asked for its watches when the first path is to be watched. */
void watch_init(struct watch *w, uv_loop_t *loop);
/* Closes the handles in the loop. */
void watch_close(struct watch *w);
void watch_deinit(struct watch *w);

/* Loop thread, before a worker resolves; watch_follow() or watch_give_back() ends it. */
void watch_begin(struct watch *w);
/*
 * Worker. A path that leads nowhere yet is no failure. The plan is to be given to watch_follow() or
 * watch_give_back(), after a failure to the latter.
 */
int watch_resolve(struct watch_plan *out, struct watch *w, const char *path,
                  struct shmpub_error *err);
/* The same of a pattern (file_set.h). */
int watch_resolve_pattern(struct watch_plan *out, struct watch *w, const char *pattern,
                          struct shmpub_error *err);
/*
 * The watcher follows the names of *plan, instead of those it followed before. The plan is used up, on
 * failure as well; the watcher then follows nothing. If one of the names may have changed since the
 * plan was begun, watcher->changed is called at once.
 */
int watch_follow(struct watch *w, struct watcher *watcher, struct watch_plan *plan,
                 struct shmpub_error *err);
/* Frees a plan that is not followed. */
void watch_give_back(struct watch *w, struct watch_plan *plan);
void watch_forget(struct watch *w, struct watcher *watcher);
static inline bool watch_is_following(const struct watcher *watcher)
{
	return watcher->n > 0;
}

/* --- for watch_posix.c and watch_win32.c ------------------------------------------------------------ */

/* Something happened to `name` in the directory `handle`; WATCH_NAMES without a name: to all of it. */
void watch_tell(struct watch *w, int64_t handle, struct span name, unsigned events);
/* The system has ended the watch of this directory, which was removed. */
void watch_tell_gone(struct watch *w, int64_t handle);
/* Events were lost. */
void watch_tell_all(struct watch *w);
/* Adds a spot. Takes over neither string. watch_plan_cut() takes away all after the first n. */
int watch_plan_add(struct watch_plan *plan, int64_t handle, struct span directory, struct span name,
                   struct shmpub_error *err);

void watch_plan_cut(struct watch_plan *plan, size_t n);

/* NULL: there are no watches, and *why is set to a line that says so. */
struct watch_system *watch_system_open(struct watch *w, uv_loop_t *loop, struct shmpub_error *why);
void watch_system_close(struct watch_system *s);
void watch_system_free(struct watch_system *s);
/* Adds to the plan, and sets is_reliable. */
int watch_system_resolve(struct watch_plan *out, struct watch_system *s, const char *path,
                         struct shmpub_error *err);
/* Loop thread: sets spot->handle where watch_system_resolve() has not. */
int watch_system_begin(struct watch_system *s, struct watch_spot *spot, struct shmpub_error *err);
/* Nobody follows a name in this directory any more. */
void watch_system_end(struct watch_system *s, int64_t handle);
/* Names compare so: of letters of both cases as one where the system does. */
bool watch_name_equal(struct span a, const char *b);
uint64_t watch_name_hash(struct span name);

#endif
