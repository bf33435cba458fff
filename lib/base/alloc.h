/*
 * Heap memory for the whole library, so that tests can fail the n-th request.
 *
 * Threads: any. Errors: NULL when memory ran out; never aborts.
 */
#ifndef SHMPUB_BASE_ALLOC_H
#define SHMPUB_BASE_ALLOC_H

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zalloc(size_t n, size_t size);            /* zeroed; n * size is checked */
void *mem_resize(void *p, size_t size);             /* p stays good when this fails */
void *mem_alloc_aligned(size_t align, size_t size); /* align: a power of two; mem_free as usual */
void mem_free(void *p);                             /* NULL is fine */

/* Tests: let n requests succeed, fail every one after; negative: never fail (the default). */
void mem_fail_after(long n);
/* Tests: requests not yet given back. */
long mem_live(void);

#endif
