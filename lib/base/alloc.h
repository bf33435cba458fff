/*
 * Heap memory for the whole library. All memory is requested here, so that tests can make
 * the n-th request fail.
 *
 * Threads: any thread may call these functions, and may free what another one allocated.
 * Errors:  NULL when there is no memory; no function here aborts.
 */
#ifndef SHMPUB_BASE_ALLOC_H
#define SHMPUB_BASE_ALLOC_H

#include <stddef.h>
#include "base/span.h"

void *mem_alloc(size_t size);
/* Allocates n * size zeroed bytes; returns NULL too when that product overflows. */
void *mem_zalloc(size_t n, size_t size);
/* As realloc(): when it returns NULL, `p` is still allocated and unchanged. */
void *mem_resize(void *p, size_t size);
/* Copies the bytes and puts a NUL after them, so that the copy is a C string as well. */
char *mem_copy(struct span bytes);
/* Does nothing if `p` is NULL. */
void mem_free(void *p);
/*
 * Takes over a block that another function of the malloc family allocated (aligned_alloc(),
 * say), so that it is counted and mem_free() frees it. On failure, which only tests cause, the
 * block is freed and NULL returned.
 */
void *mem_adopt(void *p);

/*
 * For tests: lets the next `n` requests succeed and makes every later one fail. A negative `n`
 * (the default) lets all requests succeed.
 */
void mem_fail_after(long n);
/* For tests: returns how many blocks are allocated and not yet freed. */
long mem_live(void);

#endif
