#include "config_show.h"

#include <stdio.h>
#include "base/error.h"
#include "file_mode.h"
#include "file_set.h"
#include "show/align.h"
#include "source_file.h"

/*
 * The options are shown as they were set, by the feed or by [defaults], one after the other. Two are
 * left out: the source has a column of its own, and the variables of a command may be secrets.
 */

static void interval_cell(struct align *t, uint64_t ms)
{
	if (ms == 0)
		align_str(t, "at start");
	else if (ms % 1000 != 0)
		align_printf(t, "%llums", (unsigned long long)ms);
	else if (ms % 60000 != 0)
		align_printf(t, "%llus", (unsigned long long)ms / 1000);
	else
		align_printf(t, "%llum", (unsigned long long)ms / 60000);
}

/* The source as it is now. False: it cannot be read, or is fetched. *n_files is of a pattern. */
static bool look_at_source(struct source_mark *mark, size_t *n_files, const struct config_feed *f)
{
	*n_files = 0;
	if (f->scheme == SCHEME_PATTERN)
		return file_set_usable(mark, n_files, f->source, NULL) == SHMPUB_OK;
	return f->scheme == SCHEME_FILE && source_file_usable(mark, f->source, NULL) == SHMPUB_OK;
}

static void source_cell(struct align *t, const struct config_feed *f, size_t n_files)
{
	if (f->scheme == SCHEME_PATTERN)
		align_printf(t, "%s (%zu file%s)", f->source_name, n_files,
		             n_files == 1 ? "" : "s");
	else
		align_str(t, f->source_name != NULL ? f->source_name : f->source);
}

/* Who may read the table, as the source is now; `mark` NULL: that is not known. */
static void readers_cell(struct align *t, const struct config_feed *f,
                         const struct source_mark *mark)
{
	struct shm_access access = file_mode_unjudged(f);

	if (f->access.mode == FILE_MODE_AUTO && mark != NULL)
		access = file_mode_table(f, mark);
	if ((access.mode & 04) != 0)
		align_printf(t, "everybody (%04o)", access.mode);
	else if ((access.mode & 040) == 0)
		align_printf(t, "the daemon's user (%04o)", access.mode);
	else if (access.gid < 0)
		align_printf(t, "the daemon's group (%04o)", access.mode);
	else
		align_printf(t, "gid %lld (%04o)", (long long)access.gid, access.mode);
}

static bool is_hidden(struct span line)
{
	static const char *const names[] = { "source=", "environment=" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t n = strlen(names[i]);

		if (line.size >= n && memcmp(line.data, names[i], n) == 0)
			return true;
	}
	return false;
}

/* f->text has a line NAME=VALUE for each key that is set. */
static int options_cell(struct align *t, const struct config_feed *f, struct shmpub_error *err)
{
	struct buffer options = BUFFER_NONE;
	struct span rest = buffer_span(&f->text);
	int r = SHMPUB_OK;

	while (rest.size > 0 && !r) {
		const char *end = memchr(rest.data, '\n', rest.size);
		size_t n = end != NULL ? (size_t)(end - rest.data) : rest.size;
		struct span line = span_of(rest.data, n);

		if (!is_hidden(line))
			r = buffer_printf(&options, err, "%s%.*s", options.size ? "; " : "",
			                  (int)line.size, line.data);
		n += end != NULL;
		rest = span_of(rest.data + n, rest.size - n);
	}
	align_cell(t, options.size ? buffer_span(&options) : span_str("-"));
	buffer_free(&options);
	return r;
}

static int feed_row(struct align *t, const struct config_feed *f, struct shmpub_error *err)
{
	struct source_mark mark;
	size_t n_files;
	bool is_known = look_at_source(&mark, &n_files, f);

	align_str(t, f->name);
	align_str(t, source_scheme_kind(f->scheme));
	source_cell(t, f, n_files);
	interval_cell(t, f->interval_ms);
	readers_cell(t, f, is_known ? &mark : NULL);
	return options_cell(t, f, err);
}

int config_show(struct buffer *out, const struct config *c, struct shmpub_error *err)
{
	static const char *const titles[] = { "FEED",  "KIND",    "SOURCE",
		                              "EVERY", "READ BY", "OPTIONS" };
	struct align t = ALIGN_NONE;
	int r = SHMPUB_OK;

	t.layout = "llllll";
	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		align_str(&t, titles[i]);
	for (size_t i = 0; i < c->n_feeds && !r; i++)
		r = feed_row(&t, c->feeds[i], err);
	if (!r)
		r = align_print(out, &t, 0, err);
	align_free(&t);
	return r;
}
