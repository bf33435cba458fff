/*
 * An ini text as sections and entries with their lines, read by inih.
 *
 * inih (as Debian builds it) cuts, joins and skips without a word; here each of these
 * is a problem that is told, or one of three documented comforts:
 *   - a value goes on in indented lines, joined by one space, or by nothing when the
 *     line above ends in a backslash;
 *   - `;` or `#` begins a comment line, and ` ; ` a comment after a value;
 *   - a byte order mark at the beginning is passed over.
 *
 * Threads: no state. Problems do not end the reading, so that all are told at once.
 * Errors:  SHMPUB_ERR_NOMEM only.
 */
#ifndef SHMPUBD_CONFIG_READ_H
#define SHMPUBD_CONFIG_READ_H

#include "base/span.h"
#include "shmpub/shmpub.h"

#define CONFIG_LINE_MAX 199   /* what inih's buffer of 200 holds */
#define CONFIG_SECTION_MAX 49 /* what inih's section[50] holds */
#define CONFIG_NAME_MAX 49    /* what inih remembers of a name for the lines that go on */

struct config_events {
	/* An empty title: a section that had a problem; its entries follow and mean nothing. */
	int (*section)(void *arg, unsigned line, struct span title, struct shmpub_error *err);
	int (*entry)(void *arg, unsigned line, struct span name, struct span value,
	             struct shmpub_error *err);
	int (*problem)(void *arg, unsigned line, const char *message, struct shmpub_error *err);
	/* True when `name` is some key: an indented line that sets one is a slip, not text. */
	bool (*is_key)(void *arg, struct span name);
	void *arg;
};

/* What the callbacks return, when not 0, ends the reading and is returned. */
int config_read(struct span text, const struct config_events *events, struct shmpub_error *err);

#endif
