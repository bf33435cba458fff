#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/error.h"

#define SYSTEM_DIRECTORY "/tmp"
#define NAME_SIZE 4096

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

int spool_write(struct spool *s, const char *directory, struct span bytes, struct shmpub_error *err)
{
	const char *where = directory != NULL ? directory : SYSTEM_DIRECTORY;
	ssize_t n;

	if (s->fd < 0)
		s->fd = make_file(where);
	if (s->fd < 0)
		return error_sys(err, errno, "%s: a file to keep the source in", where);
	while (bytes.size) {
		n = pwrite(s->fd, bytes.data, bytes.size, (off_t)s->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "%s: to keep %llu bytes of the source", where,
			                 (unsigned long long)(s->size + bytes.size));
		bytes = span_of(bytes.data + n, bytes.size - (size_t)n);
		s->size += (uint64_t)n;
	}
	return SHMPUB_OK;
}

int spool_read(struct spool *s, uint64_t offset, char *to, size_t size, size_t *n,
               struct shmpub_error *err)
{
	ssize_t got;

	*n = 0;
	if (offset >= s->size)
		return SHMPUB_OK;
	do {
		got = pread(s->fd, to, size, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_sys(err, errno, "bytes of the source that were kept");
	*n = (size_t)got;
	return SHMPUB_OK;
}

void spool_close(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	*s = SPOOL_NONE;
}
