/*
 * A private directory for a test's files, removed with everything in it.
 */
#ifndef SHMPUB_TESTS_SCRATCH_H
#define SHMPUB_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char path[128];
};
#define SCRATCH_NONE ((struct scratch){ "" })

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* 0755: another user may be let in by the test. Exits when there is none to be had. */
static inline void scratch_open(struct scratch *s, const char *below)
{
	snprintf(s->path, sizeof(s->path), "%s/shmpub-test-XXXXXX", below);
	if (mkdtemp(s->path) == NULL || chmod(s->path, 0755) != 0) {
		perror(s->path);
		exit(EXIT_FAILURE);
	}
}

static inline void scratch_close(struct scratch *s)
{
	if (s->path[0] != '\0')
		nftw(s->path, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
	*s = SCRATCH_NONE;
}

#endif
