/*
 * memchr() for quotes.
 *
 * Where quotes are dense, a call of memchr() takes longer than looking at the bytes up to the next
 * quote. So the next few bytes are looked at one by one.
 *
 * Threads: a pure function, any thread.
 */
#ifndef SHMPUB_CSV_FIND_QUOTE_H
#define SHMPUB_CSV_FIND_QUOTE_H

#include <stddef.h>
#include <string.h>

#define FIND_QUOTE_NEAR 16 /* bytes that are looked at one by one */

/* Returns the first quote from `p` on and before `end`, or NULL. */
static inline const char *find_quote(const char *p, const char *end, char quote)
{
	const char *limit = end - p > FIND_QUOTE_NEAR ? p + FIND_QUOTE_NEAR : end;

	for (; p < limit; p++) {
		if (*p == quote)
			return p;
	}
	return p < end ? memchr(p, quote, (size_t)(end - p)) : NULL;
}

#endif
