#include "base/alloc.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * malloc() after a look at a counter. The counter exists for one kind of test: it lets n
 * requests succeed and the rest fail, for n = 0, 1, 2, ... until nothing fails any more.
 * Then every path that runs out of memory has been executed.
 */

static atomic_long fail_after = -1;
static atomic_long live;

static int may_allocate(void)
{
	long left = atomic_load_explicit(&fail_after, memory_order_relaxed);

	if (left < 0)
		return 1;
	while (left > 0) {
		if (atomic_compare_exchange_weak(&fail_after, &left, left - 1))
			return 1;
	}
	return 0;
}

static void *counted(void *p)
{
	if (p != NULL)
		atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
	return p;
}

void *mem_alloc(size_t size)
{
	return may_allocate() ? counted(malloc(size ? size : 1)) : NULL;
}

/*
 * glibc's calloc() does not take memory from the thread's own cache, as malloc() does. So small memory is
 * from malloc(), through a pointer that the compiler does not look through: it would make a calloc() of
 * malloc() and memset().
 */
#define SMALL 1024

static void *(*const volatile take)(size_t) = malloc;

static void *zeroed(size_t n, size_t size)
{
	void *p;

	if (n > SMALL || size > SMALL || n * size > SMALL || n * size == 0)
		return calloc(n ? n : 1, size ? size : 1);
	p = take(n * size);
	return p != NULL ? memset(p, 0, n * size) : NULL;
}

void *mem_zalloc(size_t n, size_t size)
{
	return may_allocate() ? counted(zeroed(n, size)) : NULL;
}

void *mem_resize(void *p, size_t size)
{
	void *moved;

	if (p == NULL)
		return mem_alloc(size);
	moved = may_allocate() ? realloc(p, size ? size : 1) : NULL;
	return moved;
}

char *mem_copy(struct span bytes)
{
	char *copy = bytes.size < SIZE_MAX ? mem_alloc(bytes.size + 1) : NULL;

	if (copy == NULL)
		return NULL;
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	copy[bytes.size] = '\0';
	return copy;
}

void mem_free(void *p)
{
	if (p == NULL)
		return;
	atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
	free(p);
}

void *mem_adopt(void *p)
{
	if (may_allocate())
		return counted(p);
	free(p);
	return NULL;
}

void mem_fail_after(long n)
{
	atomic_store(&fail_after, n);
}

long mem_live(void)
{
	return atomic_load(&live);
}
