/*
 * What tests and their tools need of the system, besides lib/shm. platform_posix.c and
 * platform_win32.c implement it.
 *
 * Errors: a failure prints a line and ends the program, because a test can do nothing about it.
 */
#ifndef SHMPUB_TESTS_PLATFORM_H
#define SHMPUB_TESTS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Allocates exactly `size` bytes, so that a sanitizer notices an access to the very next byte.
 * To be freed by block_free().
 */
void *block_new(size_t align, size_t size);
void block_free(void *block);
/* Asks the system for large pages, as the daemon does for large sources. It may refuse. */
void block_want_large_pages(void *block, size_t size);

/* Makes standard input and output carry bytes unchanged, not lines of text. */
void stdio_is_binary(void);

/* Makes a folder. The last six bytes of `path` are XXXXXX, and are replaced so that it is new. */
void folder_make(char *path);
/* Removes a file, or a folder with everything in it. */
void folder_remove(const char *path);

/* Where a test makes a folder that serves as its own directory of shared memory. */
extern const char memory_below[];

/* Lets other threads run. */
void give_way(void);
/* True when the descriptor of a notifier is raised now or within the time. */
bool is_raised(int descriptor, int timeout_ms);

#endif
