#include "command.h"

#include "clock.h"
#include "metrics/metrics.h"

/*
 * shmpub metrics: prints the instance and its feeds in Prometheus' text format, for the textfile
 * collector or for a web page. If nothing runs, that is no failure: the exit status is 0.
 */

int command_metrics(struct session *s)
{
	const char *name = s->line->instance != NULL ? s->line->instance : SHMPUB_INSTANCE;
	struct buffer text = BUFFER_NONE;
	int r = metrics_append(&text, s->reader, name, clock_now_ns(), &s->err);

	if (r == SHMPUB_OK)
		out_bytes(&s->out, buffer_span(&text));
	buffer_free(&text);
	return r == SHMPUB_OK ? EXIT_GOOD : session_fail(s);
}
