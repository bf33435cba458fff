/* The different errors of a feed, as shmpub info shows them. */
#ifndef SHMPUB_CLI_INFO_ERRORS_H
#define SHMPUB_CLI_INFO_ERRORS_H

#include "json.h"
#include "show/align.h"
#include "shmpub/feed_errors.h"

struct info_errors {
	struct shmpub_feed_error list[SHMPUB_FEED_ERRORS];
	size_t n;
};

/* A table with a row for each. `now_ns`: what the times count to. */
void info_error_rows(struct align *t, const struct info_errors *e, int64_t now_ns);
void info_error_members(struct json *j, const struct info_errors *e);

#endif
