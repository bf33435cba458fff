#include "shm/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * shm.h on Linux: who this process is, and whether another one lives.
 *
 * A pid alone does not identify a process: the kernel reuses pids, and in another pid
 * namespace the same number is another process. So the time when the process started
 * (field 22 of /proc/PID/stat) and the inode of its pid namespace are compared as well. If
 * /proc does not show the process (it is mounted with hidepid, or not at all, or for
 * another namespace), only kill() tells whether it exists.
 */

#define STAT_SIZE 1024     /* some fifty numbers and a name of 64 bytes at most */
#define FIELDS_TO_START 20 /* from the state, which is field 3, to field 22 */

struct process_stat {
	char state;
	uint64_t start; /* clock ticks since boot */
};

/*
 * The second field is the program's name in parentheses, with any bytes: start after the last ')'.
 */
static bool parse_stat(struct process_stat *out, const char *text)
{
	const char *at = strrchr(text, ')');
	unsigned long long start;

	if (at == NULL || at[1] != ' ' || at[2] == '\0')
		return false;
	at += 2;
	out->state = *at;
	for (int i = 1; i < FIELDS_TO_START; i++) {
		at = strchr(at, ' ');
		if (at == NULL)
			return false;
		at++;
	}
	errno = 0;
	start = strtoull(at, NULL, 10);
	out->start = (uint64_t)start;
	return errno == 0;
}

/* Read a small file; returns how many bytes, 0 or less: none. `text` gets a NUL at its end. */
static ssize_t read_text(char text[STAT_SIZE], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, STAT_SIZE - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static bool read_stat(struct process_stat *out, const char *path)
{
	char text[STAT_SIZE];

	return read_text(text, path) > 0 && parse_stat(out, text);
}

/* False when /proc is that of another pid namespace, in which pids mean other processes. */
static bool proc_is_ours(void)
{
	char link[32], own[32];
	ssize_t n = readlink("/proc/self", link, sizeof(link) - 1);

	if (n <= 0)
		return false;
	link[n] = '\0';
	snprintf(own, sizeof(own), "%ld", (long)getpid());
	return strcmp(link, own) == 0;
}

void shm_process_self(struct shm_process *out)
{
	struct process_stat own;
	struct stat space;

	*out = (struct shm_process){ .pid = (uint64_t)getpid() };
	if (!proc_is_ours())
		return;
	if (read_stat(&own, "/proc/self/stat"))
		out->start = own.start;
	if (stat("/proc/self/ns/pid", &space) == 0)
		out->space = (uint64_t)space.st_ino;
}

static bool is_there(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

enum shm_life shm_process_life(const struct shm_process *process)
{
	struct shm_process self;
	struct process_stat it;
	char path[64];

	if (process->pid == 0 || process->pid > INT_MAX || process->space == 0)
		return SHM_LIFE_UNKNOWN;
	shm_process_self(&self);
	if (self.space != process->space)
		return SHM_LIFE_UNKNOWN;
	snprintf(path, sizeof(path), "/proc/%lu/stat", (unsigned long)process->pid);
	if (!is_there((pid_t)process->pid))
		return SHM_LIFE_GONE;
	if (!read_stat(&it, path)) /* /proc hides it, or it has just ended */
		return is_there((pid_t)process->pid) ? SHM_LIFE_ALIVE : SHM_LIFE_GONE;
	if (it.state == 'Z' || it.state == 'X')
		return SHM_LIFE_GONE;
	return process->start == 0 || process->start == it.start ? SHM_LIFE_ALIVE : SHM_LIFE_GONE;
}

uint64_t shm_resident_bytes(void)
{
	char text[STAT_SIZE];
	ssize_t n = read_text(text, "/proc/self/statm");
	const char *second = n > 0 ? strchr(text, ' ') : NULL;

	return second != NULL ? strtoull(second, NULL, 10) * (uint64_t)shm_page_size() : 0;
}

uint64_t shm_pid(void)
{
	return (uint64_t)getpid();
}
