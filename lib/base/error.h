/*
 * Functions that fill the caller's struct shmpub_error.
 *
 * `err` may be NULL, except where a comment says otherwise: then no message is kept.
 * Control characters in a message, and bytes that are not UTF-8, become '?'.
 *
 * Threads: no state; an error belongs to one thread at a time.
 * Errors:  the functions that return int return the error's code, so that
 *          `return error_set(err, SHMPUB_ERR_X, ...)` reads as one step.
 */
#ifndef SHMPUB_BASE_ERROR_H
#define SHMPUB_BASE_ERROR_H

#include <stddef.h>
#include "base/compiler.h"
#include "shmpub/shmpub.h"

/* Sets the code and the message, which is one line of facts. */
int error_set(struct shmpub_error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Sets SHMPUB_ERR_SYS, err->sys (`sys` is an errno), and the message with ": " and errno's text. */
int error_sys(struct shmpub_error *err, int sys, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Sets an error of one line of the CSV text: the message begins with "line N: ", and err->line
 * is N. error_put_line() adds both to an error that was set without a line.
 */
int error_set_line(struct shmpub_error *err, int code, uint64_t line, const char *format, ...)
        PRINTF_LIKE(4, 5);
void error_put_line(struct shmpub_error *err, uint64_t line);
/* Replaces the line of an error that has one. `err` must not be NULL. */
void error_move_line(struct shmpub_error *err, uint64_t line);

/*
 * Puts the file's path before the message, as compilers write it: "PATH:N: ..." replaces
 * "line N: ...", and an error without a line gets "PATH: ...". `err` must not be NULL. To be
 * called once for an error.
 */
void error_put_path(struct shmpub_error *err, const char *path);

/*
 * These two append to the message of an error that was set. error_quote() is for the text of a
 * cell, and a message has at most one. It is marked (quoted_at, quoted_size), because somebody
 * who may not read the table must not read the cell in a message; see error_public_message().
 */
void error_quote(struct shmpub_error *err, const char *format, ...) PRINTF_LIKE(2, 3);
void error_add(struct shmpub_error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* Replaces the first `skip` bytes of the message by other text. `err` must not be NULL. */
void error_prefix(struct shmpub_error *err, size_t skip, const char *format, ...) PRINTF_LIKE(3, 4);
/*
 * Writes the message in the form that everybody may read, with "..." in place of the cell that
 * error_quote() appended. `err` must not be NULL.
 */
void error_public_message(char out[SHMPUB_ERROR_SIZE], const struct shmpub_error *err);

/* The word for a code, as lists and logs have it: "csv" for SHMPUB_ERR_CSV; "" for one that is no failure. */
const char *error_code_name(int code);

/* Sets SHMPUB_ERR_NOMEM with the size of the request that failed. */
int error_nomem(struct shmpub_error *err, size_t size);

#endif
