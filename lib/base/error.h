/*
 * Filling the caller's struct shmpub_error.
 *
 * Threads: no state. Errors: returns the code it was given, so that
 * `return error_set(err, SHMPUB_ERR_X, ...)` reads as one step.
 */
#ifndef SHMPUB_BASE_ERROR_H
#define SHMPUB_BASE_ERROR_H

#include <stddef.h>
#include "base/compiler.h"
#include "shmpub/shmpub.h"

/* One line of facts; control characters in it become '?'. err may be NULL. */
int error_set(struct shmpub_error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* SHMPUB_ERR_SYS with `sys` (an errno) and its text after ": ". */
int error_sys(struct shmpub_error *err, int sys, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * An error of one line of the CSV text: the message begins with "line N: ", and err->line
 * is N. error_put_line() makes one of an error that was set without a line.
 */
int error_set_line(struct shmpub_error *err, int code, uint64_t line, const char *format, ...)
        PRINTF_LIKE(4, 5);
void error_put_line(struct shmpub_error *err, uint64_t line);

/*
 * Put the file before the message, once: "PATH:N: ..." in place of "line N: ...", as
 * compilers write it; "PATH: ..." before a message that tells of no line.
 */
void error_put_path(struct shmpub_error *err, const char *path);

/*
 * Go on with the message of an error that was set. error_quote() adds a cell's own text, of
 * which a message has one at most: who may not read the table must not read it there either.
 */
void error_quote(struct shmpub_error *err, const char *format, ...) PRINTF_LIKE(2, 3);
void error_add(struct shmpub_error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* Put something before the message, of which the first `skip` bytes go. */
void error_prefix(struct shmpub_error *err, size_t skip, const char *format, ...) PRINTF_LIKE(3, 4);
/* The message for everybody: "..." stands for the cell's own text. */
void error_closed_line(char out[SHMPUB_ERROR_SIZE], const struct shmpub_error *err);

/* SHMPUB_ERR_NOMEM, with the size that could not be had. */
int error_nomem(struct shmpub_error *err, size_t size);

#endif
