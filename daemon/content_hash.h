/*
 * Has the text changed? 64 bits of a text's content under a seed.
 *
 * Not against an adversary: who can write the source can choose its content anyway.
 * Threads: no state.
 */
#ifndef SHMPUBD_CONTENT_HASH_H
#define SHMPUBD_CONTENT_HASH_H

#include <stdint.h>
#include "base/span.h"

/* Never 0. */
uint64_t content_hash(struct span text, uint64_t seed);

#endif
