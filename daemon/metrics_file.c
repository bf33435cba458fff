#include "metrics_file.h"

#include <uv.h>
#include "base/error.h"
#include "wait_word.h"

/*
 * libuv's file functions are used, called without a loop, so that they return when the call is done.
 * The new file is made by a call that follows no link and opens no file that is there already: who
 * can write in the directory cannot make the daemon overwrite another file.
 */

#define ASIDE ".new" /* not read by the collector, which wants .prom */

static int write_failed(const char *what, const char *path, int e, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_SYS, "metrics_file: %s %s: %s", what, path,
	                 uv_strerror(e));
}

static int write_all(uv_file fd, struct span text)
{
	uv_fs_t fs;
	int r = 0;

	while (text.size > 0 && r >= 0) {
		uv_buf_t bytes = uv_buf_init((char *)text.data, (unsigned)text.size);

		r = uv_fs_write(NULL, &fs, fd, &bytes, 1, -1, NULL);
		uv_fs_req_cleanup(&fs);
		if (r > 0)
			text = span_of(text.data + r, text.size - (size_t)r);
		else if (r == 0)
			r = UV_EIO;
	}
	return r < 0 ? r : 0;
}

static int write_aside(const char *aside, struct span text, struct shmpub_error *err)
{
	uv_fs_t fs;
	int fd, r, closed;

	(void)uv_fs_unlink(NULL, &fs, aside, NULL);
	uv_fs_req_cleanup(&fs);
	fd = uv_fs_open(NULL, &fs, aside, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL, 0644,
	                NULL);
	uv_fs_req_cleanup(&fs);
	if (fd < 0)
		return write_failed("open", aside, fd, err);
	r = write_all(fd, text);
	closed = uv_fs_close(NULL, &fs, fd, NULL);
	uv_fs_req_cleanup(&fs);
	if (r == 0)
		r = closed;
	return r == 0 ? SHMPUB_OK : write_failed("write", aside, r, err);
}

static int write_file(const char *path, struct span text, struct shmpub_error *err)
{
	struct buffer aside = BUFFER_NONE;
	uv_fs_t fs;
	int r = buffer_printf(&aside, err, "%s" ASIDE, path);

	if (!r)
		r = buffer_zeros(&aside, 1, err);
	if (!r)
		r = write_aside(aside.data, text, err);
	if (!r) {
		int e = uv_fs_rename(NULL, &fs, aside.data, path, NULL);

		uv_fs_req_cleanup(&fs);
		if (e != 0)
			r = write_failed("rename to", path, e, err);
	}
	if (r && aside.data != NULL) {
		(void)uv_fs_unlink(NULL, &fs, aside.data, NULL);
		uv_fs_req_cleanup(&fs);
	}
	buffer_free(&aside);
	return r;
}

static void work(struct pool_job *job)
{
	struct metrics_file *f = (struct metrics_file *)((char *)job -
	                                                 offsetof(struct metrics_file, job));

	(void)wait_word_begin(&job->waiting);
	f->error.code = write_file(f->path, buffer_span(&f->text), &f->error);
	(void)wait_word_end(&job->waiting);
}

static void done(struct pool_job *job, bool ran)
{
	struct metrics_file *f = (struct metrics_file *)((char *)job -
	                                                 offsetof(struct metrics_file, job));

	f->is_busy = false;
	if (ran)
		f->written(f);
}

void metrics_file_write(struct metrics_file *f, struct pool *pool, struct span text)
{
	if (f->path == NULL || f->is_busy)
		return;
	f->text.size = 0;
	if (buffer_append(&f->text, text, NULL) != SHMPUB_OK)
		return; /* the next one may find memory */
	f->is_busy = true;
	f->job.work = work;
	f->job.done = done;
	f->job.is_short = true;
	pool_submit(pool, &f->job, false);
}

void metrics_file_write_now(struct metrics_file *f, struct span text)
{
	struct shmpub_error err;

	if (f->path != NULL && !f->is_busy)
		(void)write_file(f->path, text, &err);
}

void metrics_file_deinit(struct metrics_file *f)
{
	buffer_free(&f->text);
}
