/*
 * The reserved room of public structs: zero, until a later version gives it a meaning.
 */
#ifndef SHMPUB_API_RESERVED_H
#define SHMPUB_API_RESERVED_H

#include "base/error.h"

/* SHMPUB_ERR_INVALID unless all n words are 0: a struct that was never initialised, most likely. */
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
