/*
 * Who has a feed's snapshots mapped or open: the processes that keep its memory. Replaced snapshots
 * count as well, for as long as somebody holds them.
 *
 * The system is asked (on Linux /proc), and shows the files of other users' processes to root only:
 * `n_hidden` counts the processes that could not be looked at. A process of another PID namespace
 * is not seen at all. What is found is of the moment at which it was looked at.
 *
 * Threads: one.
 * Errors:  SHMPUB_ERR_INVALID where the system cannot be asked; SHMPUB_ERR_SYS, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUB_CLI_HOLDERS_H
#define SHMPUB_CLI_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

struct holder {
	uint64_t pid;
	char user[40];    /* a name, or a number that has none */
	char command[40]; /* the first bytes of the program's name */
	uint64_t bytes;   /* of all snapshots of the feed that it holds */
	unsigned n_older; /* replaced ones among them */
	bool has_newest;
};

struct holders {
	struct holder *list; /* owned; those with the most bytes first */
	size_t n, n_hidden;
};
#define HOLDERS_NONE ((struct holders){ .list = NULL })

/*
 * This process and `publisher`, which keeps what it may fill again, are left out. The caller frees
 * *out, after a failure as well.
 */
int holders_find(struct holders *out, const char *instance, const char *feed, uint64_t publisher,
                 struct shmpub_error *err);
void holders_free(struct holders *h);

#endif
