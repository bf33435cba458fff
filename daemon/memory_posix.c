#include "memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>
#include "base/span.h"

/*
 * A process is bound by the limits of its control group and of all groups above it. The file
 * /proc/self/cgroup names the innermost group. In a container without a namespace for control
 * groups that path is the host's, and does not exist below the container's mount: only the
 * levels that exist count then, up to the mount itself. libuv (1.44) reads the first version of
 * control groups only, and not the group's own path.
 */

#define PATH_SIZE 4352
#define LINE_SIZE 4224

struct tree {
	const char *mount;
	const char *files[2]; /* the second may be NULL */
};

static const struct tree second_version[] = {
	{ "/sys/fs/cgroup", { "memory.max", "memory.high" } },
	{ "/sys/fs/cgroup/unified", { "memory.max", "memory.high" } },
};
static const struct tree first_version = { "/sys/fs/cgroup/memory",
	                                   { "memory.limit_in_bytes", NULL } };

/* A file that says "max", or that cannot be read, sets no bound. */
static void bound_by_file(uint64_t *bound, const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long value;

	if (f == NULL)
		return;
	if (fscanf(f, "%llu", &value) == 1 && value < *bound)
		*bound = value;
	(void)fclose(f);
}

static void bound_by_level(uint64_t *bound, const char *root, const struct tree *tree,
                           const char *group)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(tree->files) && tree->files[i] != NULL; i++) {
		int n = snprintf(path, sizeof(path), "%s%s%s/%s", root, tree->mount, group,
		                 tree->files[i]);

		if (n > 0 && (size_t)n < sizeof(path))
			bound_by_file(bound, path);
	}
}

/* Goes from the group up to the mount, one level at a time. */
static void bound_by_tree(uint64_t *bound, const char *root, const struct tree *tree,
                          const char *group)
{
	char path[LINE_SIZE], *slash;

	snprintf(path, sizeof(path), "%s", group);
	while ((slash = strrchr(path, '/')) != NULL) {
		if (slash[1] != '\0')
			bound_by_level(bound, root, tree, path);
		*slash = '\0';
	}
	bound_by_level(bound, root, tree, "");
}

static bool has_word(const char *list, const char *end, const char *word)
{
	size_t n = strlen(word);

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t size = (size_t)((comma != NULL ? comma : end) - list);

		if (size == n && memcmp(list, word, n) == 0)
			return true;
		list += size + 1;
	}
	return false;
}

/* The line is "ID:CONTROLLERS:PATH". In the second version's line CONTROLLERS is empty. */
static void bound_by_line(uint64_t *bound, const char *root, char *line)
{
	char *controllers = strchr(line, ':'), *group;

	if (controllers == NULL)
		return;
	group = strchr(++controllers, ':');
	if (group == NULL || group[1] != '/')
		return;
	line[strcspn(line, "\n")] = '\0';
	if (group == controllers) {
		for (size_t i = 0; i < ARRAY_LEN(second_version); i++)
			bound_by_tree(bound, root, &second_version[i], group + 1);
	} else if (has_word(controllers, group, "memory")) {
		bound_by_tree(bound, root, &first_version, group + 1);
	}
}

static void bound_by_groups(uint64_t *bound, const char *root)
{
	char path[PATH_SIZE], line[LINE_SIZE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		bound_by_line(bound, root, line);
	(void)fclose(f);
}

uint64_t memory_allowed(const char *root)
{
	uint64_t bound = uv_get_total_memory();
	struct rlimit limit;

	if (bound == 0)
		bound = UINT64_MAX;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < bound)
		bound = limit.rlim_cur;
	bound_by_groups(&bound, root);
	return bound;
}
