/*
 * Standard output, where writing can fail in two ways: the reader went away, which
 * ends a program quietly, or the bytes could not be kept, which is an error.
 *
 * Threads: one. After a failure everything written is dropped.
 */
#ifndef SHMPUB_CLI_OUT_H
#define SHMPUB_CLI_OUT_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"

struct out {
	struct buffer pending;
	bool is_closed; /* the reader is gone */
	int sys;        /* errno of what else went wrong; ENOMEM too */
};
#define OUT_NONE ((struct out){ .sys = 0 })

void out_bytes(struct out *o, struct span bytes);
void out_str(struct out *o, const char *text);
void out_printf(struct out *o, const char *format, ...) PRINTF_LIKE(2, 3);
/* Everything so far is to be seen now. */
void out_flush(struct out *o);
/* True when there is no point in going on. */
static inline bool out_is_over(const struct out *o)
{
	return o->is_closed || o->sys != 0;
}
/* Flush and free; 0, or 1 with a line on standard error. A reader that went is no error. */
int out_end(struct out *o);

#endif
