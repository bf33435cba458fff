#include "process.h"

#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/alloc.h"
#include "base/duration.h"
#include "base/error.h"
#include "built.h"
#include "shm/shm.h"

static bool is_member(gid_t gid)
{
	int n = getgroups(0, NULL);
	gid_t *groups = n > 0 ? mem_zalloc((size_t)n, sizeof(*groups)) : NULL;
	bool found = geteuid() == 0 || getegid() == gid;

	n = groups ? getgroups(n, groups) : 0;
	for (int i = 0; i < n && !found; i++)
		found = groups[i] == gid;
	mem_free(groups);
	return found;
}

/* chown(2) lets root give a file to any group, everybody else to groups of their own. */
static int check_member(int64_t gid, struct span name, struct shmpub_error *err)
{
	if (is_member((gid_t)gid))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "%.*s: the user of this process (%u) is not a member of the group, so it "
	                 "cannot give files to it",
	                 (int)name.size, name.data, (unsigned)geteuid());
}

int process_group(int64_t *out, struct span name, struct shmpub_error *err)
{
	char text[64];
	uint64_t number;
	int r;

	if (count_parse(&number, name) && number < UINT32_MAX) {
		*out = (int64_t)number;
		return check_member(*out, name, err);
	}
	if (name.size == 0 || name.size >= sizeof(text))
		return error_set(err, SHMPUB_ERR_INVALID, "not the name of a group");
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	r = shm_group_find(out, text, err);
	if (r == SHM_ABSENT)
		return error_set(err, SHMPUB_ERR_INVALID, "no group is named '%s'" BUILT_NAMES,
		                 text);
	return r ? r : check_member(*out, name, err);
}

const char process_thread_bounds[] = "ulimit -u and -v";

uint64_t process_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* getrlimit below tells the result */
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	return limit.rlim_cur;
}

/* $JOURNAL_STREAM has the device and inode of the stream that systemd gave (systemd.exec(5)). */
bool process_has_journal(void)
{
	const char *told = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (told == NULL || sscanf(told, "%llu:%llu", &device, &inode) != 2)
		return false;
	return fstat(2, &st) == 0 && st.st_dev == (dev_t)device && st.st_ino == (ino_t)inode;
}

const struct process_signal process_signals[PROCESS_SIGNALS] = {
	{ SIGHUP, PROCESS_RELOAD },
	{ SIGTERM, PROCESS_STOP },
	{ SIGINT, PROCESS_STOP },
	{ SIGQUIT, PROCESS_STOP_KEEP },
};
const size_t process_n_signals = 4;

const char process_signals_help[] =
        "HUP reads the configuration again, TERM and INT stop, QUIT\n"
        "stops and leaves the tables. See shmpubd(8), shmpubd.ini(5).\n";

void process_ignore_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
}

static void mask_reload(int how)
{
	sigset_t reload;

	sigemptyset(&reload);
	sigaddset(&reload, SIGHUP);
	(void)pthread_sigmask(how, &reload, NULL);
}

void process_hold_reload(void)
{
	mask_reload(SIG_BLOCK);
}

void process_release_reload(void)
{
	mask_reload(SIG_UNBLOCK);
}

char *process_real_path(const char *directory, const char *name)
{
	char *real = realpath(directory, NULL);
	const char *start = real != NULL ? real : directory;
	size_t size = strlen(start) + strlen(name) + 2;
	char *path = mem_alloc(size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", start, name);
	free(real); /* realpath(3) uses malloc */
	return path;
}

/* A folder that is not there holds no files; one that cannot be read is a problem. */
static int is_glob_error(const char *path, int e)
{
	(void)path;
	return e != ENOENT && e != ENOTDIR;
}

int process_glob(const char *pattern, int (*found)(void *arg, const char *path), void *arg,
                 struct shmpub_error *err)
{
	glob_t matches;
	int r = SHMPUB_OK, g = glob(pattern, 0, is_glob_error, &matches);

	if (g == GLOB_NOMATCH) /* an empty conf.d is no mistake */
		return SHMPUB_OK;
	if (g == GLOB_NOSPACE)
		return error_nomem(err, 0);
	if (g != 0)
		return error_sys(err, errno, "%s", pattern);
	for (size_t i = 0; i < matches.gl_pathc && r == SHMPUB_OK; i++)
		r = found(arg, matches.gl_pathv[i]);
	globfree(&matches);
	return r;
}
