/* daemon/config: the groups of snapshots and segments, on a system whose files have a group. */
#include "unit/check.h"

#include <unistd.h>
#include "config.h"
#include "unit/scratch.h"

static struct scratch folder;

static struct config *load(const char *text)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err = { .message = "" };
	struct config *config;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/shmpubd.ini", folder.path);
	f = fopen(path, "w");
	CHECK("write", f != NULL && fputs(text, f) >= 0);
	if (f != NULL)
		fclose(f);
	CHECK_INT("load", config_load(&config, path, &problems, &err), 0);
	CHECK_STR("no error", err.message, "");
	config_problems_free(&problems);
	return config;
}

int main(void)
{
	int general = geteuid() == 0 ? 42 : (int)getegid(), own = geteuid() == 0 ? 7 : general;
	char text[256];
	struct config *c;

	scratch_open(&folder, "/tmp");
	snprintf(text, sizeof(text),
	         "[feed a]\nsource = a\n[feed b]\nsource = b\ngroup = %d\n"
	         "[daemon]\ngroup = %d\n",
	         own, general);
	c = load(text);
	CHECK_INT("group", c->feeds[0]->access.gid, general);
	CHECK_INT("of segments too", c->feeds[0]->segment_access.gid, general);
	CHECK_INT("own group", c->feeds[1]->access.gid, own);
	config_free(c);
	scratch_close(&folder);
	return check_report();
}
