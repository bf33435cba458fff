/*
 * The atomic operations on words that two processes share. The shared layout has plain
 * integers; the functions here make each access to them atomic. So the layout is the same for
 * every language. gcc, clang and mingw have builtins for these operations; MSVC has a branch of
 * its own below.
 */
#ifndef SHMPUB_BASE_ATOMIC_H
#define SHMPUB_BASE_ATOMIC_H

#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)

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

/* These two return the new value. */
static inline uint64_t add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_add_fetch(p, v, __ATOMIC_RELAXED);
}

static inline uint64_t sub_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_sub_fetch(p, v, __ATOMIC_RELAXED);
}

/*
 * gcc warns that its thread sanitizer does not understand fences. The sanitizer reports no
 * false race here all the same: the words between two of our fences are read and written by
 * relaxed atomic operations, which are never a race.
 */
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic ignored "-Wtsan"
#endif

/* Returns the value before the addition. For threads of one process that share out work. */
static inline uint64_t fetch_add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
}

/*
 * As above, and with an order between threads: what a thread wrote before its call is visible
 * to every thread whose call comes later.
 */
static inline uint64_t fetch_add_sync_u64(uint64_t *p, uint64_t v)
{
	return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL);
}

/* Stores `v`, returns the value before, and orders threads as fetch_add_sync_u64() does. */
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

/* Says to the processor that this thread asks again and again. */
static inline void atomic_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/*
 * MSVC for x64. The processor's plain loads acquire and its plain stores release. Only the
 * compiler must be kept from changing their order.
 */
#else

#include <intrin.h>

static inline void fence_acquire(void)
{
	_ReadWriteBarrier();
}

static inline void fence_release(void)
{
	_ReadWriteBarrier();
}

static inline uint64_t load_relaxed_u64(const uint64_t *p)
{
	return *(const volatile uint64_t *)p;
}

static inline uint32_t load_relaxed_u32(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

static inline uint64_t load_acquire_u64(const uint64_t *p)
{
	uint64_t v = load_relaxed_u64(p);

	fence_acquire();
	return v;
}

static inline uint32_t load_acquire_u32(const uint32_t *p)
{
	uint32_t v = load_relaxed_u32(p);

	fence_acquire();
	return v;
}

static inline void store_relaxed_u64(uint64_t *p, uint64_t v)
{
	*(volatile uint64_t *)p = v;
}

static inline void store_relaxed_u32(uint32_t *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}

static inline void store_release_u64(uint64_t *p, uint64_t v)
{
	fence_release();
	store_relaxed_u64(p, v);
}

static inline void store_release_u32(uint32_t *p, uint32_t v)
{
	fence_release();
	store_relaxed_u32(p, v);
}

static inline void add_release_u32(uint32_t *p, uint32_t v)
{
	(void)_InterlockedExchangeAdd((volatile long *)p, (long)v);
}

static inline uint64_t fetch_add_sync_u64(uint64_t *p, uint64_t v)
{
	return (uint64_t)_InterlockedExchangeAdd64((volatile __int64 *)p, (__int64)v);
}

static inline uint64_t fetch_add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return fetch_add_sync_u64(p, v);
}

static inline uint64_t add_relaxed_u64(uint64_t *p, uint64_t v)
{
	return fetch_add_sync_u64(p, v) + v;
}

static inline uint64_t sub_relaxed_u64(uint64_t *p, uint64_t v)
{
	return fetch_add_sync_u64(p, 0 - v) - v;
}

static inline uint64_t exchange_sync_u64(uint64_t *p, uint64_t v)
{
	return (uint64_t)_InterlockedExchange64((volatile __int64 *)p, (__int64)v);
}

static inline void atomic_relax(void)
{
	_mm_pause();
}

#endif

#endif
