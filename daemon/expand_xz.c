#include "expand_kind.h"

#include <lzma.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * xz by liblzma, which goes from one stream to the next by itself, and checks the padding between
 * them and the checksum of each block.
 */

#define MEMORY_MAX ((uint64_t)128 << 20) /* xz -9 needs 65 MiB */

struct xz {
	lzma_allocator allocator;
	lzma_stream stream;
};

static void *allocate(void *opaque, size_t n, size_t size)
{
	(void)opaque;
	return size == 0 || n <= SIZE_MAX / size ? mem_alloc(n * size) : NULL;
}

static void release(void *opaque, void *p)
{
	(void)opaque;
	mem_free(p);
}

static int make(void **state, struct shmpub_error *err)
{
	struct xz *x = mem_zalloc(1, sizeof(*x));

	if (x == NULL)
		return error_nomem(err, sizeof(*x));
	x->allocator = (lzma_allocator){ allocate, release, NULL };
	x->stream.allocator = &x->allocator;
	*state = x;
	return SHMPUB_OK;
}

static int tell(const struct xz *x, lzma_ret why, struct shmpub_error *err)
{
	switch (why) {
	case LZMA_MEM_ERROR:
		return error_nomem(err, sizeof(*x));
	case LZMA_MEMLIMIT_ERROR:
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "xz: it needs %llu MiB of memory to expand, %llu are the most",
		                 (unsigned long long)(lzma_memusage(&x->stream) >> 20),
		                 (unsigned long long)(MEMORY_MAX >> 20));
	case LZMA_OPTIONS_ERROR:
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "xz: it was compressed in a way that liblzma does not know");
	default:
		return expand_damaged(err, "xz", "its data or its checksums are wrong");
	}
}

static int begin_xz(void **state, struct shmpub_error *err)
{
	struct xz *x;
	lzma_ret why;
	int r = *state == NULL ? make(state, err) : SHMPUB_OK;

	if (r)
		return r;
	x = *state;
	why = lzma_stream_decoder(&x->stream, MEMORY_MAX, LZMA_CONCATENATED);
	return why == LZMA_OK ? SHMPUB_OK : tell(x, why, err);
}

static int expand_xz(void *state, struct expand_step *s, struct shmpub_error *err)
{
	struct xz *x = state;
	lzma_ret why;

	x->stream.next_in = (const uint8_t *)s->in.data;
	x->stream.avail_in = s->in.size;
	x->stream.next_out = (uint8_t *)s->out;
	x->stream.avail_out = s->room;
	why = lzma_code(&x->stream, s->is_last ? LZMA_FINISH : LZMA_RUN);
	s->in = span_of((const char *)x->stream.next_in, x->stream.avail_in);
	s->out = (char *)x->stream.next_out;
	s->room = x->stream.avail_out;
	if (why == LZMA_STREAM_END)
		return EXPAND_END;
	return why == LZMA_OK || why == LZMA_BUF_ERROR ? SHMPUB_OK : tell(x, why, err);
}

static void free_xz(void *state)
{
	struct xz *x = state;

	if (x != NULL)
		lzma_end(&x->stream);
	mem_free(x);
}

const struct expand_kind expand_kind_xz = { begin_xz, expand_xz, free_xz, .pads = false };
