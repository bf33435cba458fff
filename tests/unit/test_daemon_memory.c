/* daemon/memory: what control groups allow, on trees of files as the kernel shows them. */
#include "unit/check.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include "base/span.h"
#include "memory.h"

#define MIB UINT64_C(1048576)

static char root[] = "/tmp/shmpub-memory-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(path, 0700);
		*p = '/';
	}
	f = fopen(path, "w");
	CHECK("put", f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void clear(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s/*", root);
	CHECK_INT("clear", system(command), 0);
}

static const struct {
	const char *label;
	const char *group;
	struct {
		const char *name, *text;
	} files[5];
	uint64_t want; /* MiB; 0: what the machine has */
} rows[] = {
	{ "no groups", NULL, { { NULL, NULL } }, 0 },
	{ "own group",
	  "0::/system.slice/shmpub.service\n",
	  { { "/sys/fs/cgroup/system.slice/shmpub.service/memory.max", "67108864\n" } },
	  64 },
	{ "no bound",
	  "0::/system.slice/shmpub.service\n",
	  { { "/sys/fs/cgroup/system.slice/shmpub.service/memory.max", "max\n" } },
	  0 },
	{ "a group above",
	  "0::/a/b/c\n",
	  { { "/sys/fs/cgroup/a/b/c/memory.max", "max\n" },
	    { "/sys/fs/cgroup/a/b/memory.max", "67108864\n" },
	    { "/sys/fs/cgroup/a/memory.max", "33554432\n" } },
	  32 },
	{ "a group above allows more",
	  "0::/a/b\n",
	  { { "/sys/fs/cgroup/a/b/memory.max", "33554432\n" },
	    { "/sys/fs/cgroup/a/memory.max", "67108864\n" } },
	  32 },
	{ "another group",
	  "0::/a\n",
	  { { "/sys/fs/cgroup/ab/memory.max", "33554432\n" },
	    { "/sys/fs/cgroup/a/b/memory.max", "33554432\n" } },
	  0 },
	{ "high",
	  "0::/a\n",
	  { { "/sys/fs/cgroup/a/memory.max", "max\n" },
	    { "/sys/fs/cgroup/a/memory.high", "16777216\n" } },
	  16 },
	{ "a container", "0::/\n", { { "/sys/fs/cgroup/memory.max", "67108864\n" } }, 64 },
	{ "a container that is told the host's path",
	  "0::/docker/0123\n",
	  { { "/sys/fs/cgroup/memory.max", "67108864\n" } },
	  64 },
	{ "first version",
	  "12:cpu,cpuacct:/x\n4:memory:/user/me\n",
	  { { "/sys/fs/cgroup/memory/user/me/memory.limit_in_bytes", "67108864\n" },
	    { "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n" } },
	  64 },
	{ "both",
	  "4:hugetlb,memory:/me\n0::/me\n",
	  { { "/sys/fs/cgroup/memory/me/memory.limit_in_bytes", "67108864\n" },
	    { "/sys/fs/cgroup/unified/me/memory.max", "33554432\n" } },
	  32 },
	{ "no lines that we know", "x\n7\n:\n::\n0::x\n", { { NULL, NULL } }, 0 },
	{ "no number", "0::/a\n", { { "/sys/fs/cgroup/a/memory.max", "-\n" } }, 0 },
};

int main(void)
{
	struct rlimit limit = { .rlim_cur = 8192 * MIB, .rlim_max = RLIM_INFINITY };

	if (mkdtemp(root) == NULL)
		return EXIT_FAILURE;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].group != NULL)
			put("/proc/self/cgroup", rows[i].group);
		for (size_t k = 0; rows[i].files[k].name != NULL; k++)
			put(rows[i].files[k].name, rows[i].files[k].text);
		CHECK_INT(rows[i].label, memory_allowed(root),
		          rows[i].want ? rows[i].want * MIB : uv_get_total_memory());
		clear();
	}
	if (uv_get_total_memory() > limit.rlim_cur && setrlimit(RLIMIT_AS, &limit) == 0) {
		CHECK_INT("address space", memory_allowed(root), limit.rlim_cur);
		/* Back again for the sanitizers, whose shadows need more than that. */
		limit.rlim_cur = RLIM_INFINITY;
		CHECK_INT("no limit again", setrlimit(RLIMIT_AS, &limit), 0);
	}
	rmdir(root);
	return check_report();
}
