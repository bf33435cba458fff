#include "notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/*
 * The protocol is a datagram of text to the socket that $NOTIFY_SOCKET names: a path, or an
 * abstract name that begins with '@'. The variables stay in the environment: commands that will
 * be sources one day get an environment of their own.
 */

static int address(struct sockaddr_un *out, socklen_t *size)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t n = name ? strlen(name) : 0;

	if (n < 2 || n >= sizeof(out->sun_path) || (name[0] != '/' && name[0] != '@'))
		return -1;
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	memcpy(out->sun_path, name, n);
	if (name[0] == '@')
		out->sun_path[0] = '\0';
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return 0;
}

/* $WATCHDOG_PID may say that the watchdog is meant for another process of the service. */
static uint64_t asked_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (usec == NULL ||
	    (pid != NULL && strtoull(pid, NULL, 10) != (unsigned long long)getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 1000;
}

void notify_open(struct notify *n)
{
	struct sockaddr_un to;
	socklen_t size;
	int fd;

	*n = NOTIFY_NONE;
	if (address(&to, &size) != 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&to, size) != 0) {
		close(fd);
		return;
	}
	n->fd = fd;
	n->watchdog_ms = asked_watchdog_ms();
}

void notify_send(const struct notify *n, const char *state)
{
	if (n->fd >= 0)
		(void)send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notify_reloading(const struct notify *n)
{
	struct timespec now;
	char text[96];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	         (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(n, text);
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	*n = NOTIFY_NONE;
}
