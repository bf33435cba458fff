#include "expand_kind.h"

#include <zlib.h>
#include "base/alloc.h"
#include "base/error.h"

/* gzip by zlib, which checks length and CRC at the end of each archive. */

#define WINDOW_MAX 15    /* 32 KiB, which is the most that gzip has */
#define ONLY_GZIP 16     /* added to it: neither zlib's own format nor bare deflate */
#define STATE_SIZE 50000 /* about what zlib allocates, for the message */

static voidpf allocate(voidpf opaque, uInt n, uInt size)
{
	(void)opaque;
	return mem_zalloc(n, size);
}

static void release(voidpf opaque, voidpf p)
{
	(void)opaque;
	mem_free(p);
}

static int make(void **state, struct shmpub_error *err)
{
	z_stream *z = mem_zalloc(1, sizeof(*z));

	if (z == NULL)
		return error_nomem(err, sizeof(*z));
	z->zalloc = allocate;
	z->zfree = release;
	if (inflateInit2(z, WINDOW_MAX + ONLY_GZIP) != Z_OK) {
		mem_free(z);
		return error_nomem(err, STATE_SIZE);
	}
	*state = z;
	return SHMPUB_OK;
}

static int begin_gzip(void **state, struct shmpub_error *err)
{
	if (*state == NULL)
		return make(state, err);
	return inflateReset(*state) == Z_OK ? SHMPUB_OK : expand_damaged(err, "gzip", "no state");
}

static int expand_gzip(void *state, struct expand_step *s, struct shmpub_error *err)
{
	z_stream *z = state;
	int r;

	if (z->total_in == 0 && s->in.size > 0 && s->in.data[0] != '\x1F')
		return expand_damaged(err, "gzip", EXPAND_OTHER_BYTES);
	z->next_in = (z_const Bytef *)s->in.data;
	z->avail_in = (uInt)s->in.size;
	z->next_out = (Bytef *)s->out;
	z->avail_out = (uInt)s->room;
	r = inflate(z, Z_NO_FLUSH);
	s->in = span_of((const char *)z->next_in, z->avail_in);
	s->out = (char *)z->next_out;
	s->room = z->avail_out;
	switch (r) {
	case Z_OK:
	case Z_BUF_ERROR: /* it needs more bytes, or more room */
		return SHMPUB_OK;
	case Z_STREAM_END:
		return EXPAND_END;
	case Z_MEM_ERROR:
		return error_nomem(err, STATE_SIZE);
	default:
		return expand_damaged(err, "gzip", z->msg != NULL ? z->msg : zError(r));
	}
}

static void free_gzip(void *state)
{
	if (state != NULL)
		inflateEnd(state);
	mem_free(state);
}

const struct expand_kind expand_kind_gzip = { begin_gzip, expand_gzip, free_gzip, .pads = true };
