#include "fetch.h"

#include "base/error.h"

/* In place of fetch_url.c, where shmpubd is built without libcurl. */

static int usable(const struct config_feed *config, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "%s: this shmpubd was built without libcurl; a command such as curl can "
	                 "fetch it",
	                 config->source_name);
}

static int begin(struct fetch *f, struct shmpub_error *err)
{
	return usable(f->config, err);
}

static void cancel(struct fetch *f, bool at_once)
{
	(void)f; /* none has begun */
	(void)at_once;
}

const struct fetch_kind fetch_kind_url = { begin, cancel, usable };
