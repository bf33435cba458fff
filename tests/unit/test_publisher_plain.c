/*
 * lib/publisher where the kernel or the file system has no leases, no exchange, or
 * neither: a seccomp filter refuses them as such a system does. And on an overlay file
 * system, which grants leases on files that readers have mapped.
 */
#include "unit/child.h"
#include "unit/overlay.h"
#include "unit/publishing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

struct without {
	const char *label;
	const char *directory;
	bool leases, exchange;
	int sys; /* what the refused call says */
};

#define LOAD(field)                                                                                \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define SKIP_UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, n)
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (uint32_t)(value))

static bool refuse(const struct without *w)
{
	uint32_t no = SECCOMP_RET_ERRNO | (uint32_t)w->sys, yes = SECCOMP_RET_ALLOW;
	struct sock_filter filter[] = {
		LOAD(nr),
		SKIP_UNLESS(SYS_fcntl, 3),
		LOAD(args[1]),
		SKIP_UNLESS(F_SETLEASE, 1),
		ANSWER(w->leases ? yes : no),
		LOAD(nr),
		SKIP_UNLESS(SYS_renameat2, 3),
		LOAD(args[4]),
		SKIP_UNLESS(2 /* RENAME_EXCHANGE */, 1),
		ANSWER(w->exchange ? yes : no),
		ANSWER(yes),
	};
	struct sock_fprog program = { ARRAY_LEN(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* In a child: a filter stays for good. */
static bool publishes(const void *arg)
{
	const struct without *w = arg;
	struct publisher *p;
	struct publisher_feed *f;
	struct shm_map held;

	if (w->sys != 0 && !refuse(w))
		return false;
	p = open_publisher(w->directory, 1 << 20, 1 << 20);
	f = open_feed(p, "q");
	CHECK_INT(w->label, publish(f, 'a', 5000), 0);
	map_feed(&held, f);
	for (int i = 0; i < 20; i++) {
		rest(f);
		CHECK_INT(w->label, publish(f, (char)('b' + i), 5000 + 100 * (size_t)i), 0);
		CHECK(w->label, stands(f, (char)('b' + i), 5000 + 100 * (size_t)i));
		publisher_heartbeat(p, 1);
		CHECK(w->label, names_in(&p->dir).hidden <= 2);
		CHECK(w->label, p->used_bytes <= 4 * 8192);
	}
	CHECK(w->label, is_all(&held, 'a', 5000));
	if (w->exchange) /* else there is never a spare to ask for */
		CHECK_INT(w->label, p->has_leases, w->leases);
	CHECK_INT(w->label, p->held_bytes, w->leases && w->exchange ? 8192 : 0);
	shm_discard(&held);
	publisher_feed_remove(f);
	publisher_heartbeat(p, 1);
	CHECK_INT(w->label, p->used_bytes, 0);
	publisher_close(p);
	return check_failed == 0 && mem_live() == 0;
}

static void test_without(const char *directory)
{
	const struct without cases[] = {
		{ "with both", directory, true, true, 0 },
		{ "without leases", directory, false, true, EINVAL },
		{ "without exchange", directory, true, false, EINVAL },
		{ "without either", directory, false, false, EINVAL },
		{ "a kernel before renameat2", directory, true, false, ENOSYS },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK(cases[i].label, in_child(publishes, &cases[i], 0));
}

static bool publishes_on_overlay(const void *arg)
{
	struct without w = { "overlay", arg, false, true, 0 };
	struct shm_dir dir;

	if (!overlay_mount(arg))
		return true;
	CHECK_INT("open", shm_dir_base(&dir, arg, &err), 0);
	CHECK_INT("told", shm_dir_recycles(&dir, &err), SHM_UNFIT);
	CHECK("says why", strstr(err.message, "overlay") != NULL);
	CHECK_INT("nothing is left there", names_in(&dir).hidden, 0);
	shm_dir_close(&dir);
	return publishes(&w);
}

static void test_overlay(const char *directory)
{
	CHECK("on an overlay", in_child(publishes_on_overlay, directory, 0));
}

static bool cannot_be_asked(const void *arg)
{
	struct shm_dir dir;
	bool is_refused;

	if (shm_dir_base(&dir, arg, &err) != 0)
		return false;
	is_refused = shm_dir_recycles(&dir, &err) == SHMPUB_ERR_SYS;
	shm_dir_close(&dir);
	return is_refused;
}

static void test_fit(const char *directory)
{
	struct shm_dir dir;

	CHECK_INT("open", shm_dir_base(&dir, directory, &err), 0);
	CHECK_INT("shared memory is fit", shm_dir_recycles(&dir, &err), 0);
	CHECK_INT("nothing is left there", names_in(&dir).hidden, 0);
	shm_dir_close(&dir);
	if (geteuid() == 0)
		CHECK("not writable", in_child(cannot_be_asked, directory, 65534));
}

int main(void)
{
	static void (*const tests[])(const char *) = { test_without, test_overlay, test_fit };

	return run_all(tests, ARRAY_LEN(tests));
}
