/*
 * Converts between UTF-16 for the system's functions and UTF-8 for all our own.
 *
 * Threads:  no state.
 * Lifetime: a converted text is to be freed by mem_free(); *out is NULL on failure.
 * Errors:   SHMPUB_ERR_INVALID for a text that is not well-formed, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SERVICE_WIDE_H
#define SHMPUBD_SERVICE_WIDE_H

#include <wchar.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

int wide_from_utf8(wchar_t **out, struct span text, struct shmpub_error *err);
/* The same for a text that people read: bytes that are not UTF-8 become U+FFFD. */
int wide_from_bytes(wchar_t **out, struct span text, struct shmpub_error *err);
int wide_to_utf8(char **out, const wchar_t *text, struct shmpub_error *err);

#endif
