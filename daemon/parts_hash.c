#include "parts_hash.h"

#include "base/alloc.h"
#include "base/error.h"

int parts_hash_begin(struct parts_hash *h, const struct byte_parts *parts,
                     const struct part_sum *known, struct shmpub_error *err)
{
	*h = (struct parts_hash){ .parts = parts, .known = known };
	h->sums = mem_zalloc(parts->n + 1, sizeof(*h->sums));
	if (h->sums == NULL)
		return error_nomem(err, parts->n * sizeof(*h->sums));
	for (size_t i = 0; known != NULL && i < parts->n; i++) {
		if (known[i].is_known)
			h->sums[i] = known[i];
	}
	content_hash_begin(&h->now, 0);
	return SHMPUB_OK;
}

/* The part that has the bytes so far, or the header, is complete. */
static void end_part(struct parts_hash *h)
{
	struct part_sum *sum = h->n_begun > 0 ? &h->sums[h->n_begun - 1] : &h->header;

	if (!sum->is_known) {
		sum->hash = content_hash_end(&h->now);
		sum->size = h->at - h->begin;
	}
	content_hash_begin(&h->now, 0);
	h->begin = h->at;
}

static void begin_parts(struct parts_hash *h)
{
	while (h->n_begun < h->parts->n_begun && h->parts->begin[h->n_begun] <= h->at) {
		end_part(h);
		h->n_begun++;
	}
}

void parts_hash_add(struct parts_hash *h, struct span bytes)
{
	while (bytes.size > 0) {
		uint64_t left = UINT64_MAX;
		size_t n;

		begin_parts(h);
		if (h->n_begun < h->parts->n_begun)
			left = h->parts->begin[h->n_begun] - h->at;
		n = left < bytes.size ? (size_t)left : bytes.size;
		content_hash_add(&h->now, span_of(bytes.data, n));
		h->at += n;
		bytes = span_of(bytes.data + n, bytes.size - n);
	}
}

uint64_t parts_hash_end(struct parts_hash *h, uint64_t seed)
{
	bool has_names = h->parts->column.data != NULL;
	struct content_hash all;

	begin_parts(h);
	end_part(h);
	content_hash_begin(&all, seed);
	content_hash_add(&all, span_of((const char *)&h->header.hash, sizeof(h->header.hash)));
	for (size_t i = 0; i < h->parts->n; i++) {
		const struct part_sum *sum = &h->sums[i];

		if (sum->size > 0 || has_names)
			content_hash_add(&all,
			                 span_of((const char *)&sum->hash, sizeof(sum->hash)));
		if (!has_names)
			continue;
		content_hash_add(&all, h->parts->names[i]);
		content_hash_add(&all, span_of("", 1));
	}
	return content_hash_end(&all);
}

void parts_hash_free(struct parts_hash *h)
{
	mem_free(h->sums);
	*h = PARTS_HASH_NONE;
}
