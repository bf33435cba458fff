/*
 * Parses ISO 8601, and tells in which form a text is written. Internal to this room; pure, any
 * thread.
 */
#ifndef SHMPUB_VALUE_ISO8601_H
#define SHMPUB_VALUE_ISO8601_H

#include "value/timestamp.h"

/* The form of a text, as a strptime format: "%Y-%m-%dT%H:%M:%S.%f%z". */
struct iso_form {
	char text[64];
	size_t size; /* above sizeof(text): the form is longer, and only its beginning was kept */
};

/* As value_iso8601(); also sets *form if `form` is not NULL. */
bool iso8601_read(struct timestamp *out, struct iso_form *form, struct span text);

#endif
