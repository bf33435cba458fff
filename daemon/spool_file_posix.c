#include "spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/error.h"

#define SYSTEM_DIRECTORY "/tmp"
#define NAME_SIZE 4096

struct spool_file {
	int fd;
	const char *directory;
};

/* Where the file system cannot make a file without a name, one is made and loses its name at once. */
static int make_file(const char *directory)
{
	char name[NAME_SIZE];
	int fd = -1;

#ifdef O_TMPFILE
	fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 || errno == EACCES || errno == ENOSPC)
		return fd;
#endif
	if ((size_t)snprintf(name, sizeof(name), "%s/.spool.XXXXXX", directory) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(name);
	return fd;
}

int spool_file_open(struct spool_file **out, const char *directory, struct shmpub_error *err)
{
	struct spool_file *f = mem_zalloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return error_nomem(err, sizeof(*f));
	f->directory = directory != NULL ? directory : SYSTEM_DIRECTORY;
	f->fd = make_file(f->directory);
	if (f->fd < 0) {
		error_sys(err, errno, "%s: a file to keep the source in", f->directory);
		mem_free(f);
		return SHMPUB_ERR_SYS;
	}
	*out = f;
	return SHMPUB_OK;
}

int spool_file_write(struct spool_file *f, uint64_t offset, struct span bytes,
                     struct shmpub_error *err)
{
	while (bytes.size) {
		ssize_t n = pwrite(f->fd, bytes.data, bytes.size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "%s: to keep %llu bytes of the source",
			                 f->directory, (unsigned long long)offset + bytes.size);
		bytes = span_of(bytes.data + n, bytes.size - (size_t)n);
		offset += (uint64_t)n;
	}
	return SHMPUB_OK;
}

int spool_file_read(struct spool_file *f, uint64_t offset, char *to, size_t size, size_t *n,
                    struct shmpub_error *err)
{
	ssize_t got;

	do {
		got = pread(f->fd, to, size, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	*n = got > 0 ? (size_t)got : 0;
	return got < 0 ? error_sys(err, errno, "%s: bytes of the source that were kept",
	                           f->directory)
	               : SHMPUB_OK;
}

void spool_file_close(struct spool_file *f)
{
	if (f == NULL)
		return;
	close(f->fd);
	mem_free(f);
}
