#include "api/name.h"

#include "base/error.h"

/*
 * Names become file names, so the rule is strict: nothing that could leave the
 * directory, hide a file, or need quoting anywhere.
 */

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool is_name(struct span s, bool dots)
{
	if (s.size == 0 || s.size > SHMPUB_FEED_MAX || !is_plain(s.data[0]))
		return false;
	for (size_t i = 1; i < s.size; i++) {
		if (!is_plain(s.data[i]) && s.data[i] != '-' && !(dots && s.data[i] == '.'))
			return false;
	}
	return true;
}

int name_feed(struct span *out, const char *name, struct shmpub_error *err)
{
	*out = name != NULL ? span_str(name) : SPAN_NONE;
	if (is_name(*out, true))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "feed name \"%.*s\": 1 to %d of A-Z a-z 0-9 _ . -, the first no . or -",
	                 (int)(out->size < 60 ? out->size : 60), out->data != NULL ? out->data : "",
	                 SHMPUB_FEED_MAX);
}

int name_instance(const char *name, struct shmpub_error *err)
{
	struct span s = name != NULL ? span_str(name) : SPAN_NONE;

	if (s.size == 0 || is_name(s, false))
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "instance name \"%.*s\": 1 to %d of A-Z a-z 0-9 _ -, the first no -",
	                 (int)(s.size < 60 ? s.size : 60), s.data, SHMPUB_FEED_MAX);
}
