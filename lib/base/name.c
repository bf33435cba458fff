#include "base/name.h"

#include "shmpub/shmpub.h"

/*
 * A name is part of paths and of messages, so only those bytes are allowed that have no special
 * meaning in a shell, a file system or a terminal. A name never begins with a dot, because the
 * publisher gives such names to files of its own.
 */

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool is_name(struct span name, const char *other_bytes)
{
	if (name.size == 0 || name.size > SHMPUB_FEED_MAX || !is_word_byte(name.data[0]))
		return false;
	for (size_t i = 1; i < name.size; i++) {
		char c = name.data[i];

		if (!is_word_byte(c) && (c == '\0' || strchr(other_bytes, c) == NULL))
			return false;
	}
	return true;
}

bool name_is_feed(struct span name)
{
	return is_name(name, ".-");
}

bool name_is_instance(struct span name)
{
	return is_name(name, "-");
}
