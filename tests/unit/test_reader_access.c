#include "shmpub/shmpub.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "unit/check.h"
#include "unit/child.h"
#include "unit/scratch.h"

/*
 * What a reader is told that may not read: the path and what closes it, under a status of its
 * own. Needs another user, so without root nothing is tried here; tests/e2e tells the rest.
 */

#define STRANGER 54321

struct trial {
	const char *label;
	const char *name; /* below the directory; what is closed */
	mode_t mode;
};

static const struct trial trials[] = {
	{ "the snapshot", "unit/a.arrow", 0600 },
	{ "the catalog", "unit/catalog", 0600 },
	{ "the instance", "unit", 0700 },
	{ "the directory", "", 0700 },
};

struct arguments {
	const struct trial *trial;
	const char *directory;
};

/* Quiet about what was wrong: the parent checks the answer. */
static bool is_refused(const void *arg)
{
	const struct arguments *a = arg;
	struct shmpub_reader_options o = { .directory = a->directory, .instance = "unit" };
	struct shmpub_reader *r;
	struct shmpub_snapshot *s;
	struct shmpub_error err = { 0 };
	bool is;

	if (shmpub_reader_open(&r, &o, NULL) != SHMPUB_OK)
		return false;
	is = shmpub_acquire(&s, r, "a", NULL, &err) == SHMPUB_ERR_ACCESS && s == NULL &&
	     err.sys == EACCES && strstr(err.message, a->directory) != NULL &&
	     strstr(err.message, "permission denied for uid 54321") != NULL;
	if (!is)
		fprintf(stderr, "%s: %d %s\n", a->trial->label, err.code, err.message);
	shmpub_reader_close(r);
	return is;
}

static void test_closed(void)
{
	struct scratch s;
	struct shmpub_publisher_options o = { .instance = "unit" };
	struct shmpub_publisher *p;

	scratch_open(&s, "/dev/shm");
	o.directory = s.path;
	CHECK_INT("publisher", shmpub_publisher_open(&p, &o, NULL), SHMPUB_OK);
	CHECK_INT("publish", shmpub_publish_csv(p, "a", "x\n1\n", 4, NULL, NULL, NULL), SHMPUB_OK);
	CHECK_INT("open", chmod(s.path, 0755), 0);
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		struct arguments a = { .trial = &trials[i], .directory = s.path };
		char path[256];
		struct stat before;

		snprintf(path, sizeof(path), "%s/%s", s.path, trials[i].name);
		CHECK_INT("stat", stat(path, &before), 0);
		CHECK_INT("close", chmod(path, trials[i].mode), 0);
		CHECK(trials[i].label, in_child(is_refused, &a, STRANGER));
		CHECK_INT("open", chmod(path, before.st_mode & 07777), 0);
	}
	shmpub_publisher_close(p);
	scratch_close(&s);
}

int main(void)
{
	if (geteuid() == 0)
		test_closed();
	return check_report();
}
