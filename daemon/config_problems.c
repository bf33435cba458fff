#include "config_problems.h"

#include <stdlib.h>

/*
 * Lines are kept in the order in which they were found, each with the place in the files that
 * it is about, and are sorted by place once at the end.
 */

#define PROBLEMS_MAX 100 /* lines; further problems are only counted */

struct found {
	unsigned number, line;
	size_t order;        /* in which it was found: it decides between lines of one place */
	size_t offset, size; /* in `text` */
};

static int add(struct config_problems *p, struct config_place at, size_t offset,
               struct shmpub_error *err)
{
	struct found f = {
		.number = at.number,
		.line = at.line,
		.order = p->found.size,
		.offset = offset,
		.size = p->text.size - offset,
	};

	return buffer_append(&p->found, span_of((const char *)&f, sizeof(f)), err);
}

static int add_line(struct config_problems *p, struct config_place at, const char *word,
                    const char *message, struct shmpub_error *err)
{
	size_t offset = p->text.size;
	int r;

	if (p->n + p->n_warnings > PROBLEMS_MAX)
		return SHMPUB_OK;
	r = buffer_printf(&p->text, err, "%s:%u: %s%s\n", at.file, at.line, word, message);
	return r ? r : add(p, at, offset, err);
}

int config_problem(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err)
{
	p->n++;
	return add_line(p, at, "", message, err);
}

int config_warning(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err)
{
	p->n_warnings++;
	return add_line(p, at, "warning: ", message, err);
}

int config_problem_file(struct config_problems *p, struct config_place at, const char *message,
                        struct shmpub_error *err)
{
	size_t offset = p->text.size;
	int r;

	p->n++;
	if (p->n + p->n_warnings > PROBLEMS_MAX)
		return SHMPUB_OK;
	r = buffer_printf(&p->text, err, "%s\n", message);
	return r ? r : add(p, at, offset, err);
}

static int compare_places(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int config_problems_finish(struct config_problems *p, const char *path, struct shmpub_error *err)
{
	struct found *found = (struct found *)(void *)p->found.data;
	size_t n = p->found.size / sizeof(*found), all = p->n + p->n_warnings;
	int r = SHMPUB_OK;

	p->lines.size = 0;
	if (n)
		qsort(found, n, sizeof(*found), compare_places);
	for (size_t i = 0; i < n && !r; i++)
		r = buffer_append(&p->lines, span_of(p->text.data + found[i].offset, found[i].size),
		                  err);
	if (!r && all > n)
		r = buffer_printf(&p->lines, err, "%s: %zu more problems\n", path, all - n);
	return r;
}

void config_problems_free(struct config_problems *p)
{
	buffer_free(&p->lines);
	buffer_free(&p->found);
	buffer_free(&p->text);
	*p = CONFIG_PROBLEMS_NONE;
}
