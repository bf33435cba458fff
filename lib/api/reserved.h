/*
 * The member `reserved` of public structs, which programs set to zero. A later version may
 * use it, and then zero asks for the old behaviour.
 */
#ifndef SHMPUB_API_RESERVED_H
#define SHMPUB_API_RESERVED_H

#include "base/error.h"

/*
 * SHMPUB_ERR_INVALID unless all n words are 0; else the program most likely did not initialise it.
 */
static inline int reserved_check(const uint64_t *words, size_t n, const char *what,
                                 struct shmpub_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i] != 0)
			return error_set(
			        err, SHMPUB_ERR_INVALID,
			        "reserved room of %s is not zero: initialise it with { 0 }", what);
	}
	return SHMPUB_OK;
}

#endif
