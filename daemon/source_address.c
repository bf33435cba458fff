#include "source_address.h"

#include <string.h>
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "command_line.h"

static const struct {
	const char *prefix;
	enum source_scheme scheme;
	bool is_url; /* the prefix is a part of the address */
} schemes[] = {
	{ "exec:", SCHEME_EXEC, false },
	{ "shell:", SCHEME_SHELL, false },
	{ "http://", SCHEME_HTTP, true },
	{ "https://", SCHEME_HTTP, true },
};

static bool has_prefix(struct span value, const char *prefix)
{
	size_t n = strlen(prefix);

	return value.size >= n && memcmp(value.data, prefix, n) == 0;
}

static bool is_alphanumeric(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_scheme_byte(char c)
{
	return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
}

static bool has_unknown_scheme(struct span value)
{
	size_t n = 0;

	while (n < value.size && is_scheme_byte(value.data[n]))
		n++;
	return n && has_prefix(span_of(value.data + n, value.size - n), "://");
}

static struct span skip_blanks(struct span text)
{
	while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = span_of(text.data + 1, text.size - 1);
	return text;
}

enum source_scheme source_scheme_of(struct span *rest, struct span value)
{
	*rest = value;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i].prefix);

		if (!has_prefix(value, schemes[i].prefix))
			continue;
		if (!schemes[i].is_url)
			*rest = skip_blanks(span_of(value.data + n, value.size - n));
		return schemes[i].scheme;
	}
	return has_unknown_scheme(value) ? SCHEME_UNKNOWN : SCHEME_FILE;
}

/* The part of a URL that names user, password, host and port. */
static struct span authority_of(struct span url)
{
	size_t from = 0, to;

	while (from + 2 < url.size && memcmp(url.data + from, "//", 2) != 0)
		from++;
	from = from + 2 < url.size ? from + 2 : url.size;
	for (to = from; to < url.size && strchr("/?#", url.data[to]) == NULL;)
		to++;
	return span_of(url.data + from, to - from);
}

/*
 * A password with a '/' in it ends the authority where nobody means it to, and the rest of it
 * would be shown as a path. What stands before it is then no port.
 */
static int check_url(struct span url, struct shmpub_error *err)
{
	struct span host = authority_of(url);
	size_t user = host.size, port;

	while (user > 0 && host.data[user - 1] != '@')
		user--;
	host = span_of(host.data + user, host.size - user);
	port = host.size;
	while (port > 0 && host.data[port - 1] >= '0' && host.data[port - 1] <= '9')
		port--;
	if (host.size == 0 || host.data[0] == ':')
		return error_set(err, SHMPUB_ERR_INVALID, "the URL has no host");
	if (host.data[0] != '[' && memchr(host.data, ':', port) != NULL &&
	    host.data[port - 1] != ':')
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "the URL's port is no number (in a password, '/' is written %%2F, "
		                 "'?' %%3F, '#' %%23)");
	return SHMPUB_OK;
}

static int check_shell(struct span rest, struct shmpub_error *err)
{
	return rest.size > 0 ? SHMPUB_OK
	                     : error_set(err, SHMPUB_ERR_INVALID, "shell: a command wanted");
}

static int check_exec(struct span rest, struct shmpub_error *err)
{
	char **words;
	int r = command_line_split(&words, NULL, rest, err);

	if (r == SHMPUB_OK && words[0][0] == '\0')
		r = error_set(err, SHMPUB_ERR_INVALID, "the program has no name");
	if (r == SHMPUB_ERR_INVALID && err != NULL)
		error_prefix(err, 0, "exec: ");
	mem_free(words);
	return r;
}

/* --- names --------------------------------------------------------------------------------------- */

static char *name_of_program(const char *scheme, struct span program)
{
	struct buffer name = BUFFER_NONE;
	char *copy = NULL;

	if (buffer_printf(&name, NULL, "%s%s%.*s", scheme, program.size ? ":" : "",
	                  (int)program.size, program.data) == SHMPUB_OK)
		copy = mem_copy(buffer_span(&name));
	buffer_free(&name);
	return copy;
}

static char *name_of_exec(struct span line)
{
	char **words, *name;

	if (command_line_split(&words, NULL, line, NULL) != SHMPUB_OK)
		return NULL;
	name = name_of_program("exec", span_str(words[0]));
	mem_free(words);
	return name;
}

/*
 * The first word of a text for the shell is shown if it can only be the name of a program: it
 * might also be a variable with a password.
 */
static struct span program_of_shell(struct span text)
{
	size_t n = 0;

	while (n < text.size && (is_alphanumeric(text.data[n]) || text.data[n] == '_' ||
	                         text.data[n] == '.' || text.data[n] == '/' || text.data[n] == '-'))
		n++;
	if (n < text.size && text.data[n] != ' ' && text.data[n] != '\t')
		n = 0;
	return span_of(text.data, n);
}

/* Leaves out what stands before an '@' in the host's part, and what follows a '?' or '#'. */
static char *name_of_url(struct span url)
{
	struct buffer name = BUFFER_NONE;
	size_t host = 0, end, slash;
	char *copy = NULL;

	while (host + 2 < url.size && memcmp(url.data + host, "//", 2) != 0)
		host++;
	host += 2;
	for (end = host; end < url.size && url.data[end] != '?' && url.data[end] != '#';)
		end++;
	for (slash = host; slash < end && url.data[slash] != '/';)
		slash++;
	if (buffer_append(&name, span_of(url.data, host), NULL) != SHMPUB_OK)
		return NULL;
	for (size_t i = host; i < slash; i++) {
		if (url.data[i] == '@')
			host = i + 1;
	}
	if (buffer_append(&name, span_of(url.data + host, end - host), NULL) == SHMPUB_OK)
		copy = mem_copy(buffer_span(&name));
	buffer_free(&name);
	return copy;
}

static char *name_of_shell(struct span text)
{
	return name_of_program("shell", program_of_shell(text));
}

/* --- what differs between the schemes ------------------------------------------------------------ */

static const struct {
	const char *kind;
	bool is_fetched, is_command;
	int (*check)(struct span rest, struct shmpub_error *err); /* NULL: any text may be one */
	char *(*name)(struct span rest);                          /* NULL: all of it is the name */
} facts[] = {
	[SCHEME_FILE] = { "file", false, false, NULL, NULL },
	[SCHEME_PATTERN] = { "pattern", false, false, NULL, NULL },
	[SCHEME_EXEC] = { "command", true, true, check_exec, name_of_exec },
	[SCHEME_SHELL] = { "command", true, true, check_shell, name_of_shell },
	[SCHEME_HTTP] = { "url", true, false, check_url, name_of_url },
	[SCHEME_UNKNOWN] = { "?", false, false, NULL, NULL },
};

const char *source_scheme_kind(enum source_scheme scheme)
{
	return facts[scheme].kind;
}

bool source_scheme_is_fetched(enum source_scheme scheme)
{
	return facts[scheme].is_fetched;
}

bool source_scheme_is_command(enum source_scheme scheme)
{
	return facts[scheme].is_command;
}

int source_address_check(enum source_scheme scheme, struct span rest, struct shmpub_error *err)
{
	return facts[scheme].check != NULL ? facts[scheme].check(rest, err) : SHMPUB_OK;
}

char *source_address_name(enum source_scheme scheme, struct span rest)
{
	return facts[scheme].name != NULL ? facts[scheme].name(rest) : mem_copy(rest);
}
