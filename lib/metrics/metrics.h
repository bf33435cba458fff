/*
 * An instance and its feeds in Prometheus' text format (version 0.0.4). It is the same text
 * wherever it is had: from "shmpub metrics", or from the daemon's file or page.
 *
 * Threads: the reader's. Errors: SHMPUB_ERR_NOMEM, and those of reader_instance().
 */
#ifndef SHMPUB_METRICS_METRICS_H
#define SHMPUB_METRICS_METRICS_H

#include <stdint.h>
#include "base/buffer.h"
#include "shmpub/shmpub.h"

/*
 * Appends the text. `instance`: the name that the reader was opened with. When nothing runs there, that
 * is no failure: the text says `shmpub_up 0`.
 */
int metrics_append(struct buffer *out, struct shmpub_reader *reader, const char *instance,
                   int64_t now_ns, struct shmpub_error *err);
/* Appends the text of an instance where nothing runs any more. */
int metrics_append_down(struct buffer *out, const char *instance, struct shmpub_error *err);

#endif
