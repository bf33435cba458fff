#include "source_file.h"
#include "source_kind.h"

/* source_file.h as one of the kinds. */

static int open_file(void **body, struct source_mark *mark, const struct source_request *q,
                     struct shmpub_error *err)
{
	struct source_file *f = NULL;
	int r = source_file_open(&f, mark, q, err);

	*body = f;
	return r;
}

static int read_file(void *body, uint64_t offset, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	return source_file_read(body, offset, to, size, n, err);
}

static void let_go_of_file(void *body)
{
	source_file_let_go(body);
}

static int check_file(void *body, const struct source_mark *mark, struct shmpub_error *err)
{
	return source_file_check(body, mark, err);
}

static void close_file(void *body)
{
	source_file_close(body);
}

const struct source_kind source_kind_file = {
	.open = open_file,
	.read = read_file,
	.let_go = let_go_of_file,
	.check = check_file,
	.close = close_file,
};
