/*
 * What a command is: a row of the table in main.c, and a function over a session.
 *
 * Errors: a command returns the exit status; session_fail() says why on standard error.
 */
#ifndef SHMPUB_CLI_COMMAND_H
#define SHMPUB_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "out.h"
#include "shmpub/shmpub.h"

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_BAD = 1,   /* not found, not published, damaged, not written */
	EXIT_USAGE = 2, /* called in a way that the usage doesn't show */
	EXIT_GONE = 2,  /* of `health`: nobody publishes there */
};

enum cat_format { CAT_CSV, CAT_JSON, CAT_ARROW };

struct command_line {
	const char *instance; /* NULL: the default, as below */
	const char *directory;
	const char *owner; /* trusted besides; NULL: nobody more */
	bool json;
	enum cat_format format;
	uint64_t head;       /* UINT64_MAX: every row */
	uint64_t max_age_ms; /* UINT64_MAX: any age */
	char **feeds;
	size_t n_feeds;
};

struct session {
	const struct command_line *line;
	struct shmpub_reader *reader;
	struct out out;
	struct shmpub_error err;
};

/* Options besides those that every command takes. */
enum command_option { TAKES_JSON = 1, TAKES_FORMAT = 2, TAKES_HEAD = 4, TAKES_MAX_AGE = 8 };

struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *says;  /* one line of help */
	unsigned options;
	size_t min_feeds, max_feeds;
	int (*run)(struct session *s);
};

int command_ls(struct session *s);
int command_info(struct session *s);
int command_cat(struct session *s);
int command_watch(struct session *s);
int command_top(struct session *s);
int command_verify(struct session *s);
int command_metrics(struct session *s);
int command_health(struct session *s);

/* "shmpub: " and the line in s->err; EXIT_BAD. */
int session_fail(struct session *s);
/* The same, and when there is no such feed, the one that may have been meant. */
int session_fail_feed(struct session *s, const char *feed);
/* The same with another line. */
int session_say(const char *line);
/* Out of memory while making output; EXIT_BAD. */
int session_nomem(void);

#endif
