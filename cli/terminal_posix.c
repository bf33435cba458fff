#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/*
 * State is kept at file scope because a process has one terminal, and a signal handler can
 * reach nothing else.
 */

static struct termios saved_modes;
static bool is_raw;
static volatile sig_atomic_t is_stopped;

void terminal_init(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

static int write_all(int fd, const char *p, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int terminal_write(const void *data, size_t size)
{
	return write_all(STDOUT_FILENO, data, size);
}

void terminal_write_error(const void *data, size_t size)
{
	(void)write_all(STDERR_FILENO, data, size);
}

bool terminal_is_output(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

void terminal_size(size_t *columns, size_t *lines)
{
	struct winsize w;

	*columns = 80;
	*lines = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0) {
		*columns = w.ws_col;
		*lines = w.ws_row;
	}
}

/* Terminals without escape sequences are not in use any more. */
bool terminal_start_drawing(void)
{
	return terminal_is_output();
}

static void on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

bool terminal_raw(void)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct termios raw;

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGHUP, &act, NULL);
	if (tcgetattr(STDIN_FILENO, &saved_modes) != 0)
		return false;
	raw = saved_modes;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	return is_raw;
}

void terminal_restore(void)
{
	if (is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
	is_raw = false;
}

int terminal_key(int timeout_ms)
{
	struct pollfd p = { .fd = is_raw ? STDIN_FILENO : -1, .events = POLLIN };
	char key;

	if (is_stopped)
		return -1;
	if (poll(&p, 1, timeout_ms) < 0 || is_stopped)
		return is_stopped ? -1 : 0;
	if (p.revents == 0)
		return 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? (unsigned char)key : -1;
}
