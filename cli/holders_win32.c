#include "holders.h"

#include "base/error.h"

int holders_find(struct holders *out, const char *instance, const char *feed, uint64_t publisher,
                 struct shmpub_error *err)
{
	(void)instance;
	(void)feed;
	(void)publisher;
	*out = HOLDERS_NONE;
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "--holders: Windows does not tell who has a section mapped");
}

void holders_free(struct holders *h)
{
	*h = HOLDERS_NONE;
}
