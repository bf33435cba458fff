#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/error.h"

/* The path may be longer than a socket's address can be, so it is resolved by /proc/self/fd. */

static int connect_at(int fd, int place)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/control", place);
	return connect(fd, (const struct sockaddr *)&at, sizeof(at));
}

static int open_place(const char *directory, const char *instance)
{
	struct buffer path = BUFFER_NONE;
	int fd = -1;

	if (buffer_printf(&path, NULL, "%s/%s", directory, instance) == SHMPUB_OK &&
	    buffer_zeros(&path, 1, NULL) == SHMPUB_OK)
		fd = open(path.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	buffer_free(&path);
	return fd;
}

static int tell(const char *directory, const char *instance, struct shmpub_error *err)
{
	int e = errno;

	if (e == EACCES || e == EPERM)
		return error_set(
		        err, SHMPUB_ERR_ACCESS,
		        "instance %s: only its owner and root may ask its daemon for something",
		        instance);
	if (e == ENOENT || e == ECONNREFUSED)
		return error_set(err, SHMPUB_ERR_SYS,
		                 "instance %s: its publisher takes no requests: it is no shmpubd, "
		                 "or could not make %s/%s/control",
		                 instance, directory, instance);
	return error_sys(err, e, "%s/%s/control", directory, instance);
}

int control_connect(struct control_stream *out, const char *directory, const char *instance,
                    uint64_t pid, struct shmpub_error *err)
{
	int place = open_place(directory, instance), fd = -1, r = SHMPUB_OK;

	(void)pid;
	*out = CONTROL_STREAM_NONE;
	if (place >= 0)
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect_at(fd, place) != 0) {
		r = tell(directory, instance, err);
		if (fd >= 0)
			close(fd);
	} else {
		out->handle = fd;
	}
	if (place >= 0)
		close(place);
	return r;
}

int control_write(const struct control_stream *s, const char *bytes, size_t size,
                  struct shmpub_error *err)
{
	while (size > 0) {
		ssize_t n = send((int)s->handle, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, errno, "the daemon's control");
		bytes += n;
		size -= (size_t)n;
	}
	return SHMPUB_OK;
}

int control_read(size_t *got, const struct control_stream *s, char *bytes, size_t room,
                 struct shmpub_error *err)
{
	ssize_t n;

	do {
		n = recv((int)s->handle, bytes, room, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		return error_sys(err, errno, "the daemon's control");
	*got = n > 0 ? (size_t)n : 0;
	return SHMPUB_OK;
}

void control_disconnect(struct control_stream *s)
{
	if (s->handle >= 0)
		close((int)s->handle);
	*s = CONTROL_STREAM_NONE;
}
