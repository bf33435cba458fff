#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>
#include "base/error.h"

/*
 * The directory belongs to the owner alone, so nobody else can take the name. The socket's mode
 * keeps others out, and the kernel tells who has connected, should somebody change the mode.
 *
 * A socket's address has room for 107 bytes, and a directory's path may be longer: so the name is
 * resolved at an open directory, by /proc/self/fd.
 */

#define NAME "control"

static int open_place(const char *instance_path)
{
	return open(instance_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int bind_at(int fd, int place)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" NAME, place);
	/* The file gets the mode that the socket has. */
	if (fchmod(fd, 0600) != 0)
		return -1;
	return bind(fd, (const struct sockaddr *)&at, sizeof(at));
}

int control_bind(uv_pipe_t *pipe, uint64_t where[2], const char *instance_path,
                 struct shmpub_error *err)
{
	int place = open_place(instance_path), fd = -1, r = SHMPUB_OK;
	struct stat st;

	if (place >= 0)
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		(void)unlinkat(place, NAME, 0); /* that of a daemon that was killed */
	if (fd < 0 || bind_at(fd, place) != 0 ||
	    fstatat(place, NAME, &st, AT_SYMLINK_NOFOLLOW) != 0)
		r = error_sys(err, errno, "control: %s/" NAME, instance_path);
	if (place >= 0)
		close(place);
	if (!r && uv_pipe_open(pipe, fd) != 0)
		r = error_set(err, SHMPUB_ERR_SYS, "control: no handle for a socket can be had");
	if (r && fd >= 0)
		close(fd);
	if (!r) {
		where[0] = (uint64_t)st.st_dev;
		where[1] = (uint64_t)st.st_ino;
	}
	return r;
}

static bool is_in(int place, const uint64_t where[2])
{
	struct stat st;

	return fstatat(place, NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (uint64_t)st.st_dev == where[0] && (uint64_t)st.st_ino == where[1];
}

bool control_is_in_place(const uint64_t where[2], const char *instance_path)
{
	int place = open_place(instance_path);
	bool is = place >= 0 && is_in(place, where);

	if (place >= 0)
		close(place);
	return is;
}

void control_remove(const uint64_t where[2], const char *instance_path)
{
	int place = open_place(instance_path);

	if (place < 0)
		return;
	if (is_in(place, where))
		(void)unlinkat(place, NAME, 0);
	close(place);
}

bool control_may_ask(const uv_pipe_t *peer)
{
	struct ucred user;
	socklen_t size = sizeof(user);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)peer, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size) != 0)
		return false;
	return user.uid == 0 || user.uid == geteuid();
}
