/*
 * The atomic operations on words that two processes share. Plain integers in the
 * shared layout, atomicity at the access: what lies in memory is then the same in
 * every language. gcc, clang and mingw have the builtins; MSVC gets its own branch
 * here, the only place in lib/ besides shm_win32.c that may ask for _WIN32.
 */
#ifndef SHMPUB_BASE_ATOMIC_H
#define SHMPUB_BASE_ATOMIC_H

#include <stdint.h>

static inline uint64_t load_acquire_u64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline uint64_t load_relaxed_u64(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void store_release_u64(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void store_relaxed_u64(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline uint32_t load_acquire_u32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static inline void store_release_u32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static inline void add_release_u32(uint32_t *p, uint32_t v)
{
	(void)__atomic_fetch_add(p, v, __ATOMIC_RELEASE);
}

static inline uint32_t load_relaxed_u32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void store_relaxed_u32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/* Give the new value. */
static inline uint64_t add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_add_fetch(p, v, __ATOMIC_RELAXED);
}

static inline uint64_t sub_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_sub_fetch(p, v, __ATOMIC_RELAXED);
}

/*
 * gcc warns that its thread sanitizer knows no fences. It needs none here: what stands
 * between ours is read and written by relaxed atomics, never a race to it.
 */
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic ignored "-Wtsan"
#endif

/* For threads of one process that share out work: the value before. */
static inline uint64_t fetch_add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}

/* The same, and what was written before such a call is seen by who comes next. */
static inline uint64_t fetch_add_sync_u64(uint64_t *p, uint64_t v)
{
	return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL);
}

static inline uint64_t exchange_sync_u64(uint64_t *p, uint64_t v)
{
	return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL);
}

static inline void fence_acquire(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void fence_release(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

#endif
