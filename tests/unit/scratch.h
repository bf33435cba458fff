/*
 * A private directory for a test's files, removed with everything in it.
 */
#ifndef SHMPUB_TESTS_SCRATCH_H
#define SHMPUB_TESTS_SCRATCH_H

#include <stdio.h>
#include "platform/platform.h"

struct scratch {
	char path[128];
};
#define SCRATCH_NONE ((struct scratch){ "" })

/* Exits when there is none to be had. */
static inline void scratch_open(struct scratch *s, const char *below)
{
	snprintf(s->path, sizeof(s->path), "%s/shmpub-test-XXXXXX", below);
	folder_make(s->path);
}

static inline void scratch_close(struct scratch *s)
{
	if (s->path[0] != '\0')
		folder_remove(s->path);
	*s = SCRATCH_NONE;
}

#endif
