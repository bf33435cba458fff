#include "path.h"

#include "base/alloc.h"

char *path_of_config(void)
{
	static const char path[] = "/etc/shmpub/shmpubd.ini";
	char *copy = mem_alloc(sizeof(path));

	if (copy != NULL)
		memcpy(copy, path, sizeof(path));
	return copy;
}

bool path_is_separator(char c)
{
	return c == '/';
}

bool path_is_absolute(struct span path)
{
	return path.size && path.data[0] == '/';
}

bool path_is_absolute_memory(struct span directory)
{
	return path_is_absolute(directory);
}

struct span path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? span_of(path, (size_t)(slash - path) + 1) : SPAN_NONE;
}

size_t path_glob_at(struct span path)
{
	size_t at = 0;

	while (at < path.size && strchr("*?[", path.data[at]) == NULL)
		at++;
	return at;
}

bool path_ignores_case(void)
{
	return false;
}

/*
 * Every text can be a path here. What is no regular file, such as a FIFO, is refused when
 * opened.
 */
int path_check(struct span path, struct shmpub_error *err)
{
	(void)path, (void)err;
	return SHMPUB_OK;
}
