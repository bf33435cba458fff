#include "platform/platform.h"

#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *block_new(size_t align, size_t size)
{
	void *block;

	if (posix_memalign(&block, align, size) != 0) {
		fprintf(stderr, "no memory for %zu bytes\n", size);
		exit(EXIT_FAILURE);
	}
	return block;
}

void block_free(void *block)
{
	free(block);
}

void block_want_large_pages(void *block, size_t size)
{
	(void)madvise(block, size, MADV_HUGEPAGE);
}

void stdio_is_binary(void)
{
}

/* Mode 0755, so that a test can let another user in. */
void folder_make(char *path)
{
	if (mkdtemp(path) == NULL || chmod(path, 0755) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void folder_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char memory_below[] = "/dev/shm";

void give_way(void)
{
	sched_yield();
}

bool is_raised(int descriptor, int timeout_ms)
{
	struct pollfd fd = { .fd = descriptor, .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1 && (fd.revents & POLLIN) != 0;
}
