/*
 * Heap memory for the whole library, so that tests can fail the n-th request.
 *
 * Threads: any. Errors: NULL when memory ran out; never aborts.
 */
#ifndef SHMPUB_BASE_ALLOC_H
#define SHMPUB_BASE_ALLOC_H

#include <stddef.h>
#include "base/span.h"

void *mem_alloc(size_t size);
void *mem_zalloc(size_t n, size_t size); /* zeroed; n * size is checked */
void *mem_resize(void *p, size_t size);  /* p stays good when this fails */
char *mem_copy(struct span bytes);       /* with a NUL after the bytes: a C string too */
void mem_free(void *p);                  /* NULL is fine */
/* A block that malloc's relatives gave (with another alignment, say): mem_free() frees it as well. */
void *mem_adopt(void *p);

/* Tests: let n requests succeed, fail every one after; negative: never fail (the default). */
void mem_fail_after(long n);
/* Tests: requests not yet given back. */
long mem_live(void);

#endif
