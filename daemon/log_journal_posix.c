#include "log_journal.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/error.h"

/*
 * A record has some kilobytes at most (log_event.h), which a datagram of any Linux carries. So there
 * is no need for the protocol's other way, a sealed file that is passed as a descriptor.
 */

#define SOCKET "/run/systemd/journal/socket"

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };

/* connect(2) on a socket of its own asks whether somebody listens there. */
static bool is_listened_at(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), sys;
	bool ok = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

	sys = errno;
	if (fd >= 0)
		close(fd);
	errno = sys;
	return ok;
}

int log_journal_open(struct log_journal *j, struct shmpub_error *err)
{
	*j = LOG_JOURNAL_NONE;
	if (!is_listened_at())
		return error_sys(err, errno, "%s", SOCKET);
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return j->fd >= 0 ? SHMPUB_OK : error_sys(err, errno, "a socket for the journal");
}

int log_journal_write(const struct log_journal *j, const char *record, size_t size)
{
	ssize_t n;

	do {
		n = sendto(j->fd, record, size, MSG_NOSIGNAL, (const struct sockaddr *)&address,
		           sizeof(address));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)size ? 0 : -1;
}

void log_journal_close(struct log_journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	*j = LOG_JOURNAL_NONE;
}
