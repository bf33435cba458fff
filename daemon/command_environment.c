#include "command_environment.h"

#include <stdbool.h>
#include <string.h>
#include <uv.h>
#include "base/alloc.h"
#include "base/error.h"

/* sd_notify(3), sd_listen_fds(3), systemd.exec(5): a command must not speak for the daemon. */
static const char *const withheld[] = {
	"NOTIFY_SOCKET",  "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID",     "LISTEN_FDS",
	"LISTEN_FDNAMES", "FDSTORE",      "MAINPID",       "JOURNAL_STREAM", "INVOCATION_ID",
};

struct environment {
	char **variables;
	size_t n;
	char *to; /* where the next string goes */
};

static bool is_withheld(const char *name)
{
	for (size_t i = 0; i < sizeof(withheld) / sizeof(withheld[0]); i++) {
		if (strcmp(withheld[i], name) == 0)
			return true;
	}
	return false;
}

static size_t name_size(const char *variable)
{
	const char *end = strchr(variable, '=');

	return end != NULL ? (size_t)(end - variable) : strlen(variable);
}

static bool has(const struct environment *e, const char *name, size_t size)
{
	for (size_t i = 0; i < e->n; i++) {
		if (strncmp(e->variables[i], name, size) == 0 && e->variables[i][size] == '=')
			return true;
	}
	return false;
}

static void put(struct environment *e, const char *name, size_t size, const char *value)
{
	size_t value_size = strlen(value);

	if (has(e, name, size))
		return;
	e->variables[e->n++] = e->to;
	memcpy(e->to, name, size);
	e->to[size] = '=';
	memcpy(e->to + size + 1, value, value_size + 1);
	e->to += size + value_size + 2;
}

static void measure(size_t *n, size_t *bytes, char *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		++*n;
		*bytes += strlen(list[i]) + 2;
	}
}

static void put_list(struct environment *e, char *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		size_t size = name_size(list[i]);

		put(e, list[i], size, list[i][size] == '=' ? list[i] + size + 1 : "");
	}
}

static int put_all(struct environment *e, char *const *own, char *const *more,
                   const uv_env_item_t *items, int n_items, struct shmpub_error *err)
{
	size_t n = 1, bytes = 0;

	measure(&n, &bytes, own);
	measure(&n, &bytes, more);
	for (int i = 0; i < n_items; i++) {
		n++;
		bytes += strlen(items[i].name) + strlen(items[i].value) + 2;
	}
	e->variables = mem_zalloc(1, n * sizeof(char *) + bytes);
	if (e->variables == NULL)
		return error_nomem(err, bytes);
	e->to = (char *)(e->variables + n);
	put_list(e, own);
	put_list(e, more);
	for (int i = 0; i < n_items; i++) {
		if (!is_withheld(items[i].name))
			put(e, items[i].name, strlen(items[i].name), items[i].value);
	}
	return SHMPUB_OK;
}

int command_environment(char ***out, char *const *own, char *const *more, struct shmpub_error *err)
{
	struct environment e = { .variables = NULL };
	uv_env_item_t *items;
	int n_items, r;

	*out = NULL;
	if (uv_os_environ(&items, &n_items) != 0)
		return error_nomem(err, 0);
	r = put_all(&e, own, more, items, n_items, err);
	uv_os_free_environ(items, n_items);
	*out = e.variables;
	return r;
}

const char *command_variable(char *const *environment, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; environment[i] != NULL; i++) {
		if (strncmp(environment[i], name, size) == 0 && environment[i][size] == '=')
			return environment[i] + size + 1;
	}
	return NULL;
}
