#include "out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "terminal.h"

/*
 * Output is collected and written in large pieces by write() itself: stdio would hide which
 * call failed and why. `shmpub cat big | head` must end as quietly as any other filter. `shmpub
 * cat big > /full/disk` must fail, even if only the last piece did not fit.
 */

#define PIECE ((size_t)1 << 17)

static void put(struct out *o, struct span bytes)
{
	int sys;

	if (out_is_over(o) || bytes.size == 0)
		return;
	sys = terminal_write(bytes.data, bytes.size);
	if (sys == EPIPE)
		o->is_closed = true;
	else
		o->sys = sys;
}

void out_flush(struct out *o)
{
	put(o, buffer_span(&o->pending));
	o->pending.size = 0;
}

void out_bytes(struct out *o, struct span bytes)
{
	if (out_is_over(o))
		return;
	if (bytes.size >= PIECE) { /* such as a whole snapshot: it is not copied */
		out_flush(o);
		put(o, bytes);
		return;
	}
	if (buffer_append(&o->pending, bytes, NULL) != SHMPUB_OK)
		o->sys = ENOMEM;
	if (o->pending.size >= PIECE)
		out_flush(o);
}

void out_str(struct out *o, const char *text)
{
	out_bytes(o, span_str(text));
}

void out_printf(struct out *o, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > 0)
		out_bytes(o,
		          span_of(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1));
}

int out_end(struct out *o)
{
	char line[256];
	int sys, n;

	out_flush(o);
	sys = o->sys;
	buffer_free(&o->pending);
	if (sys == 0)
		return 0;
	n = snprintf(line, sizeof(line), "shmpub: standard output: %s\n", strerror(sys));
	terminal_write_error(line, n > 0 && (size_t)n < sizeof(line) ? (size_t)n : strlen(line));
	return 1;
}
