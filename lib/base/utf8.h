/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SHMPUB_BASE_UTF8_H
#define SHMPUB_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include "base/span.h"

/* Offset of the first byte that does not belong to valid UTF-8; text.size when all is well. */
size_t utf8_valid_prefix(struct span text);

/* Decode one code point at *p (p < end, valid UTF-8), advancing *p. */
uint32_t utf8_next(const char **p, const char *end);

#endif
