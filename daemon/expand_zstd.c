#include "expand_kind.h"

#include <zstd.h>
#include <zstd_errors.h>
#include "base/error.h"

/*
 * zstd by libzstd. It checks the checksum of a frame that has one, which the program zstd
 * writes. A frame says how much memory it needs; libzstd allows 128 MiB (a window log of 27), and
 * more only to whoever asks for it. Its memory does not come from base/alloc.h.
 */

#define STATE_SIZE 100000 /* about what libzstd allocates at first, for the message */

static int begin_zstd(void **state, struct shmpub_error *err)
{
	if (*state == NULL)
		*state = ZSTD_createDCtx();
	if (*state == NULL)
		return error_nomem(err, STATE_SIZE);
	ZSTD_DCtx_reset(*state, ZSTD_reset_session_only);
	return SHMPUB_OK;
}

static int tell(size_t code, struct shmpub_error *err)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return error_nomem(err, STATE_SIZE);
	case ZSTD_error_frameParameter_windowTooLarge:
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "zstd: it needs more than 128 MiB of memory to expand");
	case ZSTD_error_prefix_unknown:
		return expand_damaged(err, "zstd", EXPAND_OTHER_BYTES);
	default:
		return expand_damaged(err, "zstd", ZSTD_getErrorName(code));
	}
}

static int expand_zstd(void *state, struct expand_step *s, struct shmpub_error *err)
{
	ZSTD_inBuffer in = { s->in.data, s->in.size, 0 };
	ZSTD_outBuffer out = { s->out, s->room, 0 };
	size_t left = ZSTD_decompressStream(state, &out, &in);

	s->in = span_of(s->in.data + in.pos, s->in.size - in.pos);
	s->out += out.pos;
	s->room -= out.pos;
	if (ZSTD_isError(left))
		return tell(left, err);
	return left == 0 ? EXPAND_END : SHMPUB_OK;
}

static void free_zstd(void *state)
{
	ZSTD_freeDCtx(state);
}

const struct expand_kind expand_kind_zstd = { begin_zstd, expand_zstd, free_zstd, .pads = false };
