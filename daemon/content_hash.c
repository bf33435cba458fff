#include "content_hash.h"

#include "base/hash.h"

/*
 * Each step takes 64 bytes: 16 for each of four lanes. A lane multiplies two words of 64 bits and
 * combines both halves of the product (an idea of Vigna's and Wang Yi's hashes), so that every
 * bit of the input reaches every bit of the lane within two steps. The lanes do not wait for each
 * other, so the hash is about as fast as memory.
 */

#define LANES CONTENT_HASH_LANES
#define STEP CONTENT_HASH_STEP

static const uint64_t odd[LANES] = {
	0x9E3779B97F4A7C15u,
	0xC2B2AE3D27D4EB4Fu,
	0x165667B19E3779F9u,
	0xD6E8FEB86659FD93u,
};

static uint64_t word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static void step(uint64_t lanes[LANES], const char *p)
{
	for (size_t i = 0; i < LANES; i++)
		lanes[i] = hash_mix(word(p + 16 * i) ^ lanes[i], word(p + 16 * i + 8) ^ odd[i]) +
		           lanes[i];
}

void content_hash_begin(struct content_hash *h, uint64_t seed)
{
	*h = (struct content_hash){ .lanes = { seed, seed ^ odd[1], seed ^ odd[2],
		                               seed ^ odd[3] } };
}

/* Completes the step that has begun. Returns how many bytes that took. */
static size_t fill_left(struct content_hash *h, struct span bytes)
{
	size_t used = h->size % STEP, n = used ? STEP - used : 0;

	if (n > bytes.size)
		n = bytes.size;
	if (n == 0)
		return 0;
	memcpy(h->left + used, bytes.data, n);
	if (used + n == STEP)
		step(h->lanes, h->left);
	return n;
}

void content_hash_add(struct content_hash *h, struct span bytes)
{
	uint64_t lanes[LANES]; /* a copy, which the compiler keeps in registers */
	size_t at = fill_left(h, bytes);

	h->size += bytes.size;
	memcpy(lanes, h->lanes, sizeof(lanes));
	for (; bytes.size - at >= STEP; at += STEP)
		step(lanes, bytes.data + at);
	memcpy(h->lanes, lanes, sizeof(lanes));
	if (bytes.size > at)
		memcpy(h->left, bytes.data + at, bytes.size - at);
}

/* The last step is filled up with zeros. If no bytes are left, it is all zeros. */
uint64_t content_hash_end(const struct content_hash *h)
{
	char last[STEP] = { 0 };
	uint64_t lanes[LANES], mixed;

	memcpy(last, h->left, h->size % STEP);
	memcpy(lanes, h->lanes, sizeof(lanes));
	step(lanes, last);
	mixed = hash_mix(lanes[0] ^ h->size, lanes[1] ^ odd[0]);
	mixed = hash_mix(mixed ^ lanes[2], odd[1] ^ lanes[3]);
	return mixed ? mixed : 1;
}

uint64_t content_hash(struct span text, uint64_t seed)
{
	struct content_hash h;

	content_hash_begin(&h, seed);
	content_hash_add(&h, text);
	return content_hash_end(&h);
}
