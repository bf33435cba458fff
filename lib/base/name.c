#include "base/name.h"

#include "shmpub/shmpub.h"

/*
 * A name is part of a path and of lines for people, so it is held to bytes that mean
 * nothing to a shell, a file system or a terminal. It never begins with a dot: hidden
 * names are the publisher's own.
 */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool is_name(struct span name, const char *also)
{
	if (name.size == 0 || name.size > SHMPUB_FEED_MAX || !is_word(name.data[0]))
		return false;
	for (size_t i = 1; i < name.size; i++) {
		char c = name.data[i];

		if (!is_word(c) && (c == '\0' || strchr(also, c) == NULL))
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
