/* lib/shm: who lives, as the kernel tells it. */
#include "unit/check.h"
#include "unit/child.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "shm/shm.h"

#define NOBODY 65534

static void test_self(void)
{
	struct shm_process self;

	shm_process_self(&self);
	CHECK_INT("pid", self.pid, (uint64_t)getpid());
	CHECK("start", self.start != 0);
	CHECK("space", self.space != 0);
	CHECK_INT("lives", shm_process_life(&self), SHM_LIFE_ALIVE);
}

static void test_judged(void)
{
	struct shm_process self, none = { 0 };
	struct {
		const char *label;
		struct shm_process process;
		enum shm_life want;
	} rows[] = {
		{ "all unknown", none, SHM_LIFE_UNKNOWN },
		{ "start unknown", none, SHM_LIFE_ALIVE },
		{ "started at another time", none, SHM_LIFE_GONE },
		{ "space unknown", none, SHM_LIFE_UNKNOWN },
		{ "of another space", none, SHM_LIFE_UNKNOWN },
		{ "no pid", none, SHM_LIFE_UNKNOWN },
		{ "no pid can be so large", none, SHM_LIFE_UNKNOWN },
		{ "nobody has that pid", none, SHM_LIFE_GONE },
	};

	shm_process_self(&self);
	for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++)
		rows[i].process = self;
	rows[1].process.start = 0;
	rows[2].process.start++;
	rows[3].process.space = 0;
	rows[4].process.space++;
	rows[5].process.pid = 0;
	rows[6].process.pid = UINT64_MAX;
	rows[7].process.pid = INT32_MAX; /* above every pid_max */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(rows[i].label, shm_process_life(&rows[i].process), rows[i].want);
}

/* A child that tells who it is and then waits for its death. */
static pid_t start_child(struct shm_process *who, const char *name)
{
	int ends[2];
	pid_t pid;

	CHECK_INT("pipe", pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, name);
		shm_process_self(who);
		if (write(ends[1], who, sizeof(*who)) != sizeof(*who))
			_exit(1);
		for (;;)
			pause();
	}
	CHECK_INT("child told", read(ends[0], who, sizeof(*who)), sizeof(*who));
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void test_child(void)
{
	struct shm_process who;
	pid_t pid = start_child(&who, "a) Z 1 (b"); /* the name must not be taken for fields */
	siginfo_t info;

	CHECK_INT("pid", who.pid, (uint64_t)pid);
	CHECK_INT("lives", shm_process_life(&who), SHM_LIFE_ALIVE);
	kill(pid, SIGSTOP);
	CHECK_INT("stopped is not gone", shm_process_life(&who), SHM_LIFE_ALIVE);
	kill(pid, SIGKILL);
	CHECK_INT("dead", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	CHECK_INT("a zombie is gone", shm_process_life(&who), SHM_LIFE_GONE);
	CHECK_INT("reaped", waitpid(pid, NULL, 0), pid);
	CHECK_INT("gone", shm_process_life(&who), SHM_LIFE_GONE);
}

static bool lives(const void *arg)
{
	return shm_process_life(arg) == SHM_LIFE_ALIVE;
}

/* A process that others hide from us is there all the same. */
static bool lives_behind_hidepid(const void *arg)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") != 0) {
		puts("skipped: /proc cannot be mounted here");
		fflush(stdout);
		return true;
	}
	return in_child(lives, arg, NOBODY);
}

static bool is_unknown_in_first_process(const void *arg)
{
	struct shm_process self;

	shm_process_self(&self);
	return self.pid == 1 && self.start == 0 && self.space == 0 &&
	       shm_process_life(arg) == SHM_LIFE_UNKNOWN;
}

/* With the /proc of another namespace, whose process 1 is somebody else. */
static bool is_unknown_in_new_space(const void *arg)
{
	if (unshare(CLONE_NEWPID) != 0) {
		puts("skipped: no pid namespace can be made here");
		fflush(stdout);
		return true;
	}
	return in_child(is_unknown_in_first_process, arg, 0);
}

static void test_others(void)
{
	struct shm_process self;

	shm_process_self(&self);
	if (geteuid() != 0) {
		puts("skipped: another user's view needs root");
		return;
	}
	CHECK("seen by another user", in_child(lives, &self, NOBODY));
	CHECK("hidden from another user", in_child(lives_behind_hidepid, &self, 0));
	CHECK("from another namespace", in_child(is_unknown_in_new_space, &self, 0));
}

int main(void)
{
	test_self();
	test_judged();
	test_child();
	test_others();
	return check_report();
}
