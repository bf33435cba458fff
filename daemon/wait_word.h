/*
 * A word that tells the loop thread whether a worker waits for a source right now, and since
 * when. The loop thread can also give up a worker that waits: that one learns of it as soon as
 * it has its answer, before it does anything with it.
 *
 * Threads: one worker between wait_word_begin and wait_word_end at a time; the loop thread asks.
 */
#ifndef SHMPUBD_WAIT_WORD_H
#define SHMPUBD_WAIT_WORD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "base/atomic.h"

#define WAIT_WORD_GIVEN_UP UINT64_MAX

/* Stores `value`, unless the worker was given up. */
static inline bool wait_word_store(uint64_t *word, uint64_t value)
{
	if (exchange_sync_u64(word, value) != WAIT_WORD_GIVEN_UP)
		return true;
	store_relaxed_u64(word, WAIT_WORD_GIVEN_UP);
	return false;
}

/* Worker. False: it was given up, and must not wait. */
static inline bool wait_word_begin(uint64_t *word)
{
	return wait_word_store(word, uv_hrtime() / 1000000);
}

/* Worker. False: it was given up meanwhile, and is to touch nothing but what is its own. */
static inline bool wait_word_end(uint64_t *word)
{
	return wait_word_store(word, 0);
}

/* Loop thread. By the clock of uv_hrtime() and uv_now(); 0: it does not wait. */
static inline uint64_t wait_word_since_ms(const uint64_t *word)
{
	uint64_t since = load_relaxed_u64(word);

	return since == WAIT_WORD_GIVEN_UP ? 0 : since;
}

/* Loop thread. True: the worker waited, and will find that it was given up. */
static inline bool wait_word_give_up(uint64_t *word)
{
	return exchange_sync_u64(word, WAIT_WORD_GIVEN_UP) != 0;
}

#endif
