#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "config.h"

/*
 * Any bytes as shmpubd.ini: a configuration, or problems that name their lines; nothing
 * else, and no memory left. `include` may find this machine's files: it is taken out.
 */

static void load(const char *path)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err = { 0 };
	struct config *config = NULL;
	int r;

	r = config_load(&config, path, &problems, &err);
	CLAIM((r == SHMPUB_OK) == (config != NULL));
	CLAIM(r == SHMPUB_OK || problems.n > 0 || err.message[0] != '\0');
	config_free(config);
	config_problems_free(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (memmem(data, size, "include", 7) != NULL)
		return -1;
	fd = memfd_create("shmpubd.ini", MFD_CLOEXEC);
	CLAIM(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path);
	close(fd);
	CLAIM(mem_live() == 0);
	return 0;
}
