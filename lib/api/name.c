#include "api/name.h"

#include "base/error.h"
#include "base/name.h"

/* base/name.h has the rule itself; the messages that explain it to a programmer are here. */

int name_feed(struct span *out, const char *name, struct shmpub_error *err)
{
	*out = name != NULL ? span_str(name) : SPAN_NONE;
	if (name_is_feed(*out))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "feed name \"%.*s\": 1 to %d of A-Z a-z 0-9 _ . -, the first no . or -",
	                 span_shown(*out, 60), out->data != NULL ? out->data : "", SHMPUB_FEED_MAX);
}

int name_instance(const char *name, struct shmpub_error *err)
{
	struct span s = name != NULL ? span_str(name) : SPAN_NONE;

	if (s.size == 0 || name_is_instance(s))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "instance name \"%.*s\": 1 to %d of A-Z a-z 0-9 _ -, the first no -",
	                 span_shown(s, 60), s.data, SHMPUB_FEED_MAX);
}
