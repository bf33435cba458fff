/*
 * Problems and warnings of a configuration, as lines "FILE:LINE: MESSAGE".
 *
 * Problems are found file by file, and again when the whole configuration is known.
 * config_problems_finish() puts all lines into the order of the files.
 *
 * Threads: the loop thread.
 * Errors:  SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_CONFIG_PROBLEMS_H
#define SHMPUBD_CONFIG_PROBLEMS_H

#include "base/buffer.h"

struct config_place {
	const char *file; /* read during the call only */
	unsigned number;  /* of the file: 0 is the main file, then in reading order */
	unsigned line;    /* 0: the file as a whole */
};

struct config_problems {
	struct buffer lines; /* filled by config_problems_finish(); each ends in a newline */
	size_t n;            /* without the warnings */
	size_t n_warnings;
	struct buffer found, text;
};
#define CONFIG_PROBLEMS_NONE ((struct config_problems){ .n = 0 })

/* Adds a problem: this configuration must not be used. */
int config_problem(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err);
/* Adds a warning: the configuration may be used. The line is "FILE:LINE: warning: MESSAGE". */
int config_warning(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err);
/*
 * Adds the problem that a file could not be read. `message` begins with the file's name, so the
 * line gets no place in front.
 */
int config_problem_file(struct config_problems *p, struct config_place at, const char *message,
                        struct shmpub_error *err);
/* Makes `lines`. `path` is the main file, named when some problems were only counted. */
int config_problems_finish(struct config_problems *p, const char *path, struct shmpub_error *err);
void config_problems_free(struct config_problems *p);

#endif
