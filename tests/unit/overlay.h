/*
 * An overlay file system, as the root of a container is one, in a mount namespace of the
 * caller's own: for a child that ends after its test.
 */
#ifndef SHMPUB_TESTS_OVERLAY_H
#define SHMPUB_TESTS_OVERLAY_H

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Over the directory itself; false, and told, where it is not permitted. */
static inline bool overlay_mount(const char *directory)
{
	static const char *const layers[] = { "lower", "upper", "work" };
	char options[600], path[256];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, layers[i]);
		(void)mkdir(path, 0755);
	}
	snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
	         directory, directory, directory);
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("overlay", directory, "overlay", 0, options) == 0)
		return true;
	puts("skipped: an overlay file system cannot be mounted here");
	fflush(stdout);
	return false;
}

#endif
