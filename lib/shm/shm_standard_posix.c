#include "base/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * base/standard.h on Linux. Closed standard descriptors are opened on /dev/null in the wrong
 * mode: writing to a standard output that is open for reading only fails with EBADF, so
 * `shmpub ls >&-` is still an error. open() returns the lowest free number, so opening them
 * in order gives each its number.
 */

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

bool standard_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (is_closed(fd) && open("/dev/null", flags) != fd)
			return false;
	}
	return true;
}

bool standard_arguments(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return true;
}
