/*
 * What is wrong, or doubtful, in a configuration: lines "FILE:LINE: MESSAGE".
 *
 * Problems are found file by file, then once more when everything is known;
 * config_problems_finish() puts the lines in the order of the files.
 *
 * Threads: the loop thread. Errors: SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_CONFIG_PROBLEMS_H
#define SHMPUBD_CONFIG_PROBLEMS_H

#include "base/buffer.h"

struct config_place {
	const char *file; /* it must live as long as the call */
	unsigned number;  /* of the file, in the order in which the files were read */
	unsigned line;    /* 0: none of them, the file itself */
};

struct config_problems {
	struct buffer lines; /* after config_problems_finish(): each ends in a newline */
	size_t n;            /* without the warnings */
	size_t n_warnings;
	struct buffer found, text;
};
#define CONFIG_PROBLEMS_NONE ((struct config_problems){ .n = 0 })

/* One more problem: the configuration is not to be used. */
int config_problem(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err);
/* The configuration may be used. The line says "FILE:LINE: warning: MESSAGE". */
int config_warning(struct config_problems *p, struct config_place at, const char *message,
                   struct shmpub_error *err);
/* A file that could not be read: `message` begins with its name. */
int config_problem_file(struct config_problems *p, struct config_place at, const char *message,
                        struct shmpub_error *err);
/* Make `lines`. `path`: the main file. */
int config_problems_finish(struct config_problems *p, const char *path, struct shmpub_error *err);
void config_problems_free(struct config_problems *p);

#endif
