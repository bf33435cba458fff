#include "kept_files.h"

#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "file_set.h"

/*
 * A file is the same if its path is and its mark is equal, which needs two settled marks: a file that
 * was written within the last tick of the clock is read once more.
 */

/* --- which files are kept -------------------------------------------------------------------------- */

static bool has_dates(const struct schema *s)
{
	bool is_any = false;

	for (size_t i = 0; i < s->n_fields; i++)
		is_any |= s->fields[i].type == SHMPUB_TIMESTAMP;
	return is_any;
}

static int make_room(struct kept_choice *c, size_t n, struct shmpub_error *err)
{
	c->skips = mem_zalloc(n, sizeof(*c->skips));
	c->known = mem_zalloc(n, sizeof(*c->known));
	c->parts = mem_zalloc(n, sizeof(*c->parts));
	if (c->skips != NULL && c->known != NULL && c->parts != NULL)
		return SHMPUB_OK;
	kept_choice_free(c);
	return error_nomem(err, n * sizeof(*c->parts));
}

static void keep(struct kept_choice *c, size_t i, const struct kept_file *f)
{
	c->skips[i] = true;
	c->known[i] = f->sum;
	c->known[i].is_known = true;
	c->parts[i] = (struct ingest_part){ true, f->row, f->n_rows };
	c->size += f->sum.size;
}

static bool is_same(const struct kept_file *was, const struct set_file *now)
{
	return strcmp(was->path, now->path) == 0 && source_mark_equal(&was->mark, &now->mark);
}

/* Both lists are in the order of their paths. Returns how many bytes the files have that are kept. */
static uint64_t keep_same(struct kept_choice *c, const struct kept_files *kept,
                          const struct set_file *files, size_t n, size_t first)
{
	uint64_t size = 0;

	for (size_t i = first, k = 0; i < n && k < kept->n;) {
		int order = strcmp(kept->files[k].path, files[i].path);

		if (order == 0 && is_same(&kept->files[k], &files[i])) {
			keep(c, i, &kept->files[k]);
			size += files[i].mark.size;
		}
		k += order <= 0;
		i += order >= 0;
	}
	return size;
}

/* A source without any row does not show how its columns are to be read. */
static uint64_t read_one(struct kept_choice *c, const struct set_file *files, size_t n)
{
	size_t i = 0;

	while (i < n && c->skips[i])
		i++;
	if (i < n)
		return 0;
	i = 0;
	while (i < n - 1 && c->parts[i].n_rows == 0)
		i++;
	c->size -= c->known[i].size;
	c->skips[i] = c->known[i].is_known = c->parts[i].is_kept = false;
	return files[i].mark.size;
}

int kept_files_choose(struct kept_choice *out, const struct kept_files *kept,
                      const struct source *source, struct shmpub_error *err)
{
	const struct set_file *files = source_part_files(source);
	bool reads_first = kept->has_dates; /* the first date of all tells the form of the others */
	size_t n = source->parts->n;
	uint64_t size;
	int r;

	*out = KEPT_CHOICE_NONE;
	if (files == NULL || kept->files == NULL || n == 0)
		return SHMPUB_OK;
	if (reads_first && !is_same(&kept->files[0], &files[0]))
		return SHMPUB_OK;
	r = make_room(out, n, err);
	if (r)
		return r;
	out->has_same_first = reads_first;
	size = keep_same(out, kept, files, n, reads_first);
	size -= read_one(out, files, n);
	if (size == 0 || size < source->mark.size - size)
		kept_choice_free(out);
	return SHMPUB_OK;
}

void kept_choice_free(struct kept_choice *c)
{
	mem_free(c->skips);
	mem_free(c->known);
	mem_free(c->parts);
	*c = KEPT_CHOICE_NONE;
}

/* --- what is remembered ---------------------------------------------------------------------------- */

void kept_files_note(struct kept_files *out, const struct source *source,
                     const struct part_sum *sums, const struct kept_choice *choice,
                     const uint64_t *part_rows, const struct schema *schema,
                     const struct catalog_descriptor *d)
{
	const struct set_file *files = source_part_files(source);
	size_t n = source->parts->n;
	uint64_t row = 0;
	bool is_whole = true;

	*out = KEPT_FILES_NONE;
	if (files == NULL || d->skipped_rows > 0)
		return;
	out->files = mem_zalloc(n, sizeof(*out->files));
	for (; out->files != NULL && out->n < n; out->n++) {
		size_t i = out->n;
		bool is_kept = choice->skips != NULL && choice->skips[i];
		struct kept_file *f = &out->files[i];

		*f = (struct kept_file){
			.path = mem_copy(span_str(files[i].path)),
			.mark = files[i].mark,
			.sum = { sums[i].hash, sums[i].size, false },
			.row = row,
			.n_rows = is_kept ? choice->parts[i].n_rows : part_rows[i],
		};
		is_whole &= f->path != NULL;
		row += f->n_rows;
	}
	out->sequence = d->sequence;
	out->published_ns = d->published_ns;
	out->has_dates = has_dates(schema);
	if (!is_whole || row != d->rows)
		kept_files_free(out);
}

void kept_files_free(struct kept_files *kept)
{
	for (size_t i = 0; i < kept->n; i++)
		mem_free(kept->files[i].path);
	mem_free(kept->files);
	*kept = KEPT_FILES_NONE;
}
