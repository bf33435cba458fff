/*
 * Standard output. Writing can fail in two ways: the reader went away, which ends a program
 * quietly, or the bytes could not be written, which is an error.
 *
 * Threads:  one.
 * Lifetime: from OUT_NONE to out_end().
 * Errors:   kept until out_end(). After the first failure all output is dropped.
 */
#ifndef SHMPUB_CLI_OUT_H
#define SHMPUB_CLI_OUT_H

#include <stdbool.h>
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"

struct out {
	struct buffer pending;
	bool is_closed; /* the reader of a pipe is gone */
	int sys;        /* errno of any other failure, such as ENOMEM; 0: none */
};
#define OUT_NONE ((struct out){ .sys = 0 })

/* These three append to the output. */
void out_bytes(struct out *o, struct span bytes);
void out_str(struct out *o, const char *text);
void out_printf(struct out *o, const char *format, ...) PRINTF_LIKE(2, 3);
/* Writes everything that was collected. */
void out_flush(struct out *o);
/* True after a failure: more output would be dropped. */
static inline bool out_is_over(const struct out *o)
{
	return o->is_closed || o->sys != 0;
}
/*
 * Writes the rest and frees the buffer. Returns 0, or 1 after a failure, with a line on
 * standard error. A reader that went away is no failure.
 */
int out_end(struct out *o);

#endif
