/*
 * A command is a row of the table in main.c and a function that is called with a session.
 *
 * Threads: one.
 * Errors:  a command returns the exit status; session_fail() prints the reason on standard error.
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
	EXIT_BAD = 1,   /* not found, not published, damaged, or the output failed */
	EXIT_USAGE = 2, /* the command line is wrong */
	EXIT_GONE = 2,  /* of `health`: no publisher is alive */
};

enum cat_format { CAT_CSV, CAT_JSON, CAT_ARROW };

struct command_line {
	const char *instance; /* NULL: the default; `directory` too */
	const char *directory;
	const char *owner; /* a further trusted user; NULL: none */
	bool json, no_wait, holders, detach, follow;
	enum cat_format format;
	uint64_t head;               /* print so many rows; UINT64_MAX: all */
	uint64_t max_age_ms;         /* of data; UINT64_MAX: any age */
	const char *interval, *save; /* of `up`; NULL: not given */
	const char *sets[32];        /* KEY=VALUE of `up` */
	size_t n_sets;
	char **feeds; /* the words behind the command: names of feeds; of `up` sources */
	size_t n_feeds;
};

struct session {
	const struct command_line *line;
	struct shmpub_reader *reader;
	struct out out;
	struct shmpub_error err;
};

/* The options that only some commands take. */
enum command_option {
	TAKES_JSON = 1,
	TAKES_FORMAT = 2,
	TAKES_HEAD = 4,
	TAKES_MAX_AGE = 8,
	TAKES_NO_WAIT = 16,
	TAKES_HOLDERS = 32,
	TAKES_UP = 64, /* the options of `up` */
	TAKES_FOLLOW = 128,
};

struct command {
	const char *name;
	const char *usage; /* the arguments, as the help shows them */
	const char *help;  /* one line of help */
	unsigned options;
	size_t min_feeds, max_feeds;
	int (*run)(struct session *s); /* NULL: service.h has it */
};

int command_ls(struct session *s);
int command_info(struct session *s);
int command_cat(struct session *s);
int command_watch(struct session *s);
int command_top(struct session *s);
int command_verify(struct session *s);
int command_metrics(struct session *s);
int command_refresh(struct session *s);
int command_health(struct session *s);
int command_up(struct session *s);
int command_down(struct session *s);

/* Prints "shmpub: " and the line in s->err on standard error. Returns EXIT_BAD. */
int session_fail(struct session *s);
/*
 * The same after a failure with this feed. If there is no such feed, the line also suggests the
 * name that may have been meant.
 */
int session_fail_feed(struct session *s, const char *feed);
/* Prints "shmpub: " and `line`. Returns EXIT_BAD. */
int session_say(const char *line);
/* Prints that memory ran out. Returns EXIT_BAD. */
int session_nomem(void);

#endif
