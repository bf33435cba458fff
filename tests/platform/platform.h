/*
 * What tests and their tools ask of a system besides lib/shm: platform_posix.c and platform_win32.c
 * implement it. Whatever fails ends the program with a line, as a test can do nothing about it.
 */
#ifndef SHMPUB_TESTS_PLATFORM_H
#define SHMPUB_TESTS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

/* A block of exactly `size` bytes, so that a sanitizer sees the very next one. */
void *block_new(size_t align, size_t size);
void block_free(void *block);
/* Only a wish: as the daemon does with large sources. */
void block_want_large_pages(void *block, size_t size);

/* Standard input and output carry bytes, not lines of text. */
void stdio_is_binary(void);

/* Make a folder at `path`, of which the last six bytes are XXXXXX until they become unique. */
void folder_make(char *path);
/* Remove a file, or a folder with everything in it. */
void folder_remove(const char *path);

/* Below it a folder makes a directory of shared memory that is the test's own. */
extern const char memory_below[];

/* Let other threads run. */
void give_way(void);
/* Is the descriptor of a notifier raised, or will it be within that time? */
bool is_raised(int descriptor, int timeout_ms);

#endif
