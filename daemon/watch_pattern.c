#include "watch.h"

#include "base/atomic.h"
#include "base/error.h"
#include "file_set.h"

/* Those of the directories that can be watched are; the looks by interval go on for the others. */
static int resolve_each(struct watch_plan *out, struct watch *w, struct span paths, bool is_all,
                        struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t at = 0; at < paths.size && !r; at += strlen(paths.data + at) + 1) {
		r = watch_system_resolve(out, w->system, paths.data + at, err);
		is_all &= out->is_reliable;
	}
	out->is_reliable = is_all;
	return r;
}

int watch_resolve_pattern(struct watch_plan *out, struct watch *w, const char *pattern,
                          struct shmpub_error *err)
{
	struct buffer paths = BUFFER_NONE;
	bool is_all = true;
	int r;

	*out = (struct watch_plan){ .n_strays = load_relaxed_u64(&w->n_strays), .has_globs = true };
	if (w->system == NULL)
		return error_set(err, SHMPUB_ERR_SYS, "%s", w->why.message);
	r = file_set_watched(&paths, &is_all, pattern, WATCH_DIRECTORIES_MAX, err);
	if (r == SHMPUB_ERR_SYS && paths.size > 0) /* what the attempt itself will tell */
		r = SHMPUB_OK;
	if (!r)
		r = resolve_each(out, w, buffer_span(&paths), is_all, err);
	buffer_free(&paths);
	return r;
}
