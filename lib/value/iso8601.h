/* ISO 8601 with a record of the form that was met. Internal to this room. */
#ifndef SHMPUB_VALUE_ISO8601_H
#define SHMPUB_VALUE_ISO8601_H

#include "value/timestamp.h"

/* The form of a text as a strptime format: "%Y-%m-%dT%H:%M:%S.%f%z". */
struct iso_form {
	char text[64];
	size_t size; /* grows past the array when the form is longer: then it equals nothing */
};

/* `form` may be NULL. */
bool iso8601_read(struct timestamp *out, struct iso_form *form, struct span text);

#endif
