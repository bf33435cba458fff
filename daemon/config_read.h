/*
 * Reads an ini text as sections and entries with their line numbers, by means of inih.
 *
 * inih (as Debian builds it) silently cuts, joins and skips. Here each such case is a
 * problem that is told, or one of three documented features:
 *   - a value goes on in indented lines, joined by one space, or by nothing when the
 *     line above ends in a backslash;
 *   - `;` or `#` begins a comment line, and ` ; ` a comment after a value;
 *   - a byte order mark at the beginning of the text is ignored.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_NOMEM only. A problem does not end the reading, so that one run tells
 *          all problems.
 */
#ifndef SHMPUBD_CONFIG_READ_H
#define SHMPUBD_CONFIG_READ_H

#include "base/span.h"
#include "shmpub/shmpub.h"

#define CONFIG_LINE_MAX 199   /* what inih's buffer of 200 holds */
#define CONFIG_SECTION_MAX 49 /* what inih's section[50] holds */
#define CONFIG_NAME_MAX 49    /* what inih keeps of a name for continued lines */

struct config_events {
	/*
	 * An empty title stands for a section with a problem: its entries follow and must be
	 * ignored.
	 */
	int (*section)(void *arg, unsigned line, struct span title, struct shmpub_error *err);
	int (*entry)(void *arg, unsigned line, struct span name, struct span value,
	             struct shmpub_error *err);
	int (*problem)(void *arg, unsigned line, const char *message, struct shmpub_error *err);
	/*
	 * True when `name` is a key. An indented line that sets a key is a problem, not more of
	 * a value.
	 */
	bool (*is_key)(void *arg, struct span name);
	void *arg;
};

/* Returns 0, or the first result of a callback that is not 0: that ends the reading. */
int config_read(struct span text, const struct config_events *events, struct shmpub_error *err);

#endif
