/* daemon/command_environment: what a command gets of the daemon's variables, and what comes first. */
#include "unit/check.h"

#include <uv.h>
#include "base/alloc.h"
#include "command_environment.h"

static void check(char *const *environment, const char *name, const char *want)
{
	const char *got = command_variable(environment, name);

	CHECK_STR(name, got != NULL ? got : "(none)", want != NULL ? want : "(none)");
}

static void test_order(void)
{
	char *own[] = { "A=1", "A=2", "B=", "PATH=/own", NULL };
	char *more[] = { "A=3", "C=4=5", NULL };
	char **all;

	CHECK_INT("made", command_environment(&all, own, more, NULL), 0);
	check(all, "A", "1");
	check(all, "B", "");
	check(all, "C", "4=5");
	check(all, "PATH", "/own");
	check(all, "INHERITED", "yes");
	check(all, "INHERITE", NULL);
	check(all, "NOTIFY_SOCKET", NULL);
	check(all, "LISTEN_FDS", NULL);
	mem_free(all);
}

static void test_own_may_have_what_is_withheld(void)
{
	char *own[] = { "NOTIFY_SOCKET=mine", NULL };
	char **all;

	CHECK_INT("made", command_environment(&all, own, NULL, NULL), 0);
	check(all, "NOTIFY_SOCKET", "mine");
	mem_free(all);
	CHECK_INT("none of its own", command_environment(&all, NULL, NULL, NULL), 0);
	check(all, "INHERITED", "yes");
	mem_free(all);
}

static void test_no_memory(void)
{
	char **all;
	long live = mem_live();

	mem_fail_after(0);
	CHECK_INT("no memory", command_environment(&all, NULL, NULL, NULL), SHMPUB_ERR_NOMEM);
	mem_fail_after(-1);
	CHECK("nothing", all == NULL);
	CHECK_INT("no block is left", mem_live(), live);
}

int main(void)
{
	CHECK_INT("set", uv_os_setenv("INHERITED", "yes"), 0);
	CHECK_INT("set", uv_os_setenv("NOTIFY_SOCKET", "/run/theirs"), 0);
	CHECK_INT("set", uv_os_setenv("LISTEN_FDS", "1"), 0);
	test_order();
	test_own_may_have_what_is_withheld();
	test_no_memory();
	return check_report();
}
