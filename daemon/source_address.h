/*
 * The value of the key `source`: which kind of source it names, and by which name the source is
 * shown. The name has no user, password, query or command argument, because everybody who may
 * read the catalog sees it.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_SOURCE_ADDRESS_H
#define SHMPUBD_SOURCE_ADDRESS_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

enum source_scheme {
	SCHEME_FILE,    /* a path */
	SCHEME_PATTERN, /* a path with '*', '?' or '[': all files that match */
	SCHEME_EXEC,    /* "exec: PROGRAM ARGUMENTS" */
	SCHEME_SHELL,   /* "shell: TEXT" */
	SCHEME_HTTP,    /* "http://..." or "https://..." */
	SCHEME_UNKNOWN, /* "NAME://..." */
};

/* *rest is what stands after the scheme and blanks; the whole value of a file or a URL. */
enum source_scheme source_scheme_of(struct span *rest, struct span value);
/* The word for sources of this scheme in tables for people: "file", "command"; "?" if unknown. */
const char *source_scheme_kind(enum source_scheme scheme);
/* True: the source is a program or a server, and fetch.h brings its bytes. */
bool source_scheme_is_fetched(enum source_scheme scheme);
/* True: the source is a program that is started. */
bool source_scheme_is_command(enum source_scheme scheme);
/*
 * SHMPUB_ERR_INVALID: `rest` cannot be a source of this scheme, which is no file. The message is
 * a part of a line, and SHMPUB_ERR_NOMEM is possible.
 */
int source_address_check(enum source_scheme scheme, struct span rest, struct shmpub_error *err);
/*
 * The name of an address that was checked: "/data/a.csv", "exec:psql", "shell:psql", "shell",
 * "https://example.org/a.csv". To be freed by mem_free. NULL: memory ran out.
 */
char *source_address_name(enum source_scheme scheme, struct span rest);

#endif
