#include "fetch.h"

#include "base/error.h"

/* What is the same for every kind of fetch. */

static const struct {
	enum source_scheme scheme;
	const struct fetch_kind *kind;
} kinds[] = {
	{ SCHEME_EXEC, &fetch_kind_command },
	{ SCHEME_SHELL, &fetch_kind_command },
	{ SCHEME_HTTP, &fetch_kind_url },
};

const struct fetch_kind *fetch_kind_of(enum source_scheme scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].scheme == scheme)
			return kinds[i].kind;
	}
	return NULL;
}

int fetch_begin(struct fetch *f, struct shmpub_error *err)
{
	f->kind = fetch_kind_of(f->config->scheme);
	f->result = SHMPUB_OK;
	f->retry_after_ms = 0;
	f->spool = SPOOL_NONE;
	f->validators = (struct fetch_validators){ .etag = "" };
	return f->kind->begin(f, err);
}

void fetch_cancel(struct fetch *f, bool at_once)
{
	f->kind->cancel(f, at_once);
}

void fetch_clear(struct fetch *f)
{
	spool_close(&f->spool);
}

int fetch_tell_too_large(const struct fetch *f, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_LIMIT, "%s: more than %llu bytes, which is %s",
	                 f->config->source_name, (unsigned long long)f->max_size,
	                 f->max_size == f->config->max_source ? "max_source" : "max_bytes");
}

int fetch_add(struct fetch *f, struct span bytes, struct shmpub_error *err)
{
	if (bytes.size > f->max_size - f->spool.size)
		return fetch_tell_too_large(f, err);
	return spool_write(&f->spool, f->spool_directory, bytes, err);
}

/* The mark never counts as settled: only the content tells whether anything has changed. */
static struct source_mark mark_of(uint64_t size, int64_t mtime_ns)
{
	return (struct source_mark){
		.inode = 1, /* there was a look */
		.size = size,
		.mtime_ns = mtime_ns,
		.mode = 0600,
		.readers = { .mode = 0600, .gid = -1 },
	};
}

void fetch_end(struct fetch *f, int result, int64_t mtime_ns, const struct shmpub_error *err)
{
	f->result = result;
	if (result == SHMPUB_OK)
		f->mark = mark_of(f->spool.size, mtime_ns);
	else
		spool_close(&f->spool);
	if (result < 0)
		f->error = *err;
	f->done(f);
}

/* --- without the daemon's loop -------------------------------------------------------------------- */

static void note_end(struct fetch *f)
{
	(void)f; /* the loop ends, as nothing is left in it */
}

int fetch_wait(struct fetch *f, struct shmpub_error *err)
{
	uv_loop_t loop;
	int r;

	if (uv_loop_init(&loop) != 0)
		return error_set(err, SHMPUB_ERR_SYS, "no event loop can be had");
	f->loop = &loop;
	f->done = note_end;
	r = fetch_begin(f, err);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (r)
		return r;
	if (f->result < 0 && err != NULL)
		*err = f->error;
	return f->result;
}
