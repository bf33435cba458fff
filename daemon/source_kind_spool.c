#include "source_kind.h"
#include "spool.h"

/*
 * Bytes that were fetched before, all of them. They belong to whoever fetched them, so that
 * closing the source leaves them alone, and they cannot change while they are read.
 */

static int open_spool(void **body, struct source_mark *mark, const struct source_request *q,
                      struct shmpub_error *err)
{
	(void)err;
	*body = q->fetched->spool;
	*mark = q->fetched->mark;
	return SHMPUB_OK;
}

static int read_spool(void *body, uint64_t offset, char *to, size_t size, size_t *n,
                      struct shmpub_error *err)
{
	return spool_read(body, offset, to, size, n, err);
}

static void keep_spool(void *body)
{
	(void)body;
}

static int check_spool(void *body, const struct source_mark *mark, struct shmpub_error *err)
{
	(void)body;
	(void)mark;
	(void)err;
	return SHMPUB_OK;
}

const struct source_kind source_kind_spool = {
	.open = open_spool,
	.read = read_spool,
	.let_go = keep_spool,
	.check = check_spool,
	.close = keep_spool,
};
