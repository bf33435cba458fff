#include "up_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/error.h"

/*
 * The daemon tells that it is ready as it tells systemd (sd_notify): by a datagram to the socket that
 * NOTIFY_SOCKET names.
 */

#define LOOK_MS 20
#define END_MS                                                                                     \
	25000 /* the daemon gives up sources that hang after five seconds, builds after fifteen */
#define WHY_MOST 4096

/* --- paths ------------------------------------------------------------------------------------- */

static int put_nul(struct buffer *out, struct shmpub_error *err)
{
	return buffer_zeros(out, 1, err);
}

int up_absolute(struct buffer *out, const char *path, struct shmpub_error *err)
{
	char *folder;
	int r;

	if (path[0] == '/')
		return buffer_append(out, span_str(path), err);
	folder = getcwd(NULL, 0);
	if (folder == NULL)
		return error_sys(err, errno, "the current folder");
	if (strpbrk(folder, "*?[") != NULL)
		r = error_set(err, SHMPUB_ERR_INVALID,
		              "%s: a folder with *, ? or [ in its name: write a configuration",
		              folder);
	else
		r = buffer_printf(out, err, "%s/%s", folder,
		                  strncmp(path, "./", 2) == 0 ? path + 2 : path);
	free(folder); /* getcwd() uses malloc */
	return r;
}

/* Makes each folder of the path that is not there, for this user only. */
static int make_folders(char *path, struct shmpub_error *err)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return error_sys(err, errno, "%s", path);
		*at = '/';
	}
	return SHMPUB_OK;
}

int up_state_path(struct buffer *out, const char *name, const char *ending,
                  struct shmpub_error *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int r;

	if (state != NULL && state[0] == '/')
		r = buffer_printf(out, err, "%s/shmpub/%s%s", state, name, ending);
	else if (home != NULL && home[0] == '/')
		r = buffer_printf(out, err, "%s/.local/state/shmpub/%s%s", home, name, ending);
	else
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "HOME is not set: --save FILE, and then up FILE, need none");
	if (!r)
		r = put_nul(out, err);
	return r ? r : make_folders(out->data, err);
}

static int write_all(int fd, struct span text)
{
	while (text.size) {
		ssize_t n = write(fd, text.data, text.size);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
			text = span_of(text.data + n, text.size - (size_t)n);
	}
	return 0;
}

static int write_new(const char *path, struct span text, struct shmpub_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), sys;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, SHMPUB_ERR_INVALID, "%s is there already: it stays as it is",
		                 path);
	if (fd < 0)
		return error_sys(err, errno, "%s", path);
	sys = write_all(fd, text);
	if (close(fd) != 0 && sys == 0)
		sys = errno;
	if (sys == 0)
		return SHMPUB_OK;
	(void)unlink(path);
	return error_sys(err, sys, "%s", path);
}

int up_write(const char *path, struct span text, bool replace, struct shmpub_error *err)
{
	struct buffer aside = BUFFER_NONE;
	int r;

	if (!replace)
		return write_new(path, text, err);
	r = buffer_printf(&aside, err, "%s.%ld", path, (long)getpid());
	if (!r)
		r = put_nul(&aside, err);
	if (!r)
		r = write_new(aside.data, text, err);
	if (!r && rename(aside.data, path) != 0) {
		r = error_sys(err, errno, "%s", path);
		(void)unlink(aside.data);
	}
	buffer_free(&aside);
	return r;
}

/* --- the program ------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Appends FOLDER/shmpubd and a NUL, and tells whether that is a program. */
static bool try_folder(struct buffer *out, const char *folder, size_t size)
{
	out->size = 0;
	return buffer_printf(out, NULL, "%.*s/shmpubd", (int)size, folder) == SHMPUB_OK &&
	       put_nul(out, NULL) == SHMPUB_OK && is_program(out->data);
}

static bool find_in_path(struct buffer *out)
{
	const char *at = getenv("PATH");
	size_t n;

	for (; at != NULL && *at != '\0'; at += n + (at[n] == ':')) {
		n = strcspn(at, ":");
		if (n > 0 && try_folder(out, at, n))
			return true;
	}
	return false;
}

int up_find_daemon(struct buffer *out, struct shmpub_error *err)
{
	const char *said = getenv("SHMPUB_DAEMON");
	char own[4096];
	ssize_t n;

	if (said != NULL && said[0] != '\0') {
		if (!is_program(said))
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "SHMPUB_DAEMON is %s, which is no program", said);
		return buffer_append(out, span_of(said, strlen(said) + 1), err);
	}
	n = readlink("/proc/self/exe", own, sizeof(own));
	while (n > 0 && own[n - 1] != '/')
		n--;
	if ((n > 1 && try_folder(out, own, (size_t)n - 1)) || find_in_path(out))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "there is no shmpubd beside this program nor in PATH: pip install "
	                 "\"shmpub[daemon]\" brings it, or set SHMPUB_DAEMON");
}

int up_become(const char *daemon, const char *config, struct shmpub_error *err)
{
	char *arguments[] = { (char[]){ "shmpubd" }, (char[]){ "-c" }, (char *)(uintptr_t)config,
		              NULL };

	execv(daemon, arguments);
	return error_sys(err, errno, "%s", daemon);
}

/* --- apart from the terminal ------------------------------------------------------------------- */

/* A socket that has an abstract name, which goes into the environment. */
static int listen_ready(struct shmpub_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char name[sizeof(at.sun_path)];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(name, sizeof(name), "@shmpub-up-%ld-%lld", (long)getpid(),
	                 (long long)time(NULL));

	memcpy(at.sun_path, name, (size_t)n);
	at.sun_path[0] = '\0';
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&at,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) != 0 ||
	    setenv("NOTIFY_SOCKET", name, 1) != 0) {
		int r = error_sys(err, errno, "a socket for the daemon's word");

		if (fd >= 0)
			close(fd);
		return r;
	}
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("JOURNAL_STREAM");
	return fd;
}

static bool is_ready(int fd)
{
	char text[1024];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return false;
	text[n] = '\0';
	return strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1") != NULL;
}

static void read_why(struct buffer *why, int log, off_t from)
{
	char text[WHY_MOST];
	ssize_t n = pread(log, text, sizeof(text), from);

	if (n > 0)
		(void)buffer_append(why, span_of(text, (size_t)n), NULL);
}

static _Noreturn void run_child(int log, const char *daemon, const char *config)
{
	struct shmpub_error err;
	int nothing = open("/dev/null", O_RDWR);

	(void)setsid();
	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	(void)up_become(daemon, config, &err);
	(void)dprintf(2, "%s\n", err.message);
	_exit(127);
}

static void nap(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

int up_detach(uint64_t *pid, struct buffer *why, const char *daemon, const char *config,
              const char *log, struct shmpub_error *err)
{
	int fd = open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), ready, status, r = 0;
	off_t before = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	pid_t child;

	if (fd < 0)
		return error_sys(err, errno, "%s", log);
	ready = listen_ready(err);
	if (ready < 0) {
		close(fd);
		return ready;
	}
	child = fork();
	if (child == 0)
		run_child(fd, daemon, config);
	*pid = child > 0 ? (uint64_t)child : 0;
	if (child < 0)
		r = error_sys(err, errno, "a process for shmpubd");
	while (!r && !is_ready(ready)) {
		if (waitpid(child, &status, WNOHANG) == child) {
			read_why(why, fd, before);
			r = error_set(err, SHMPUB_ERR_SYS,
			              "shmpubd has ended at once; its log is %s", log);
		} else {
			nap();
		}
	}
	close(ready);
	close(fd);
	return r;
}

/* A zombie, whose parent does not ask for it, has ended as well. */
static bool has_ended(uint64_t pid)
{
	char path[64], text[512];
	const char *state;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%llu/stat", (unsigned long long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')'); /* behind the name, in which there may be anything */
	return n <= 0 || (state != NULL && strncmp(state, ") Z", 3) == 0);
}

bool up_wait_end(uint64_t pid)
{
	for (int ms = 0; ms < END_MS; ms += LOOK_MS) {
		if (has_ended(pid))
			return true;
		nap();
	}
	return false;
}
