/*
 * Filling the caller's struct shmpub_error.
 *
 * Threads: no state. Errors: returns the code it was given, so that
 * `return error_set(err, SHMPUB_ERR_X, ...)` reads as one step.
 */
#ifndef SHMPUB_BASE_ERROR_H
#define SHMPUB_BASE_ERROR_H

#include <stddef.h>
#include "shmpub/shmpub.h"

#if defined(__GNUC__)
#define ERROR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define ERROR_PRINTF(fmt, args)
#endif

/* One line of facts; control characters in it become '?'. err may be NULL. */
int error_set(struct shmpub_error *err, int code, const char *format, ...) ERROR_PRINTF(3, 4);

/* SHMPUB_ERR_SYS with `sys` (an errno) and its text after ": ". */
int error_sys(struct shmpub_error *err, int sys, const char *format, ...) ERROR_PRINTF(3, 4);

/*
 * Go on with the line of an error that was set. error_quote() adds a cell's own text, of
 * which a line has one at most: who may not read the table must not read it there either.
 */
void error_quote(struct shmpub_error *err, const char *format, ...) ERROR_PRINTF(2, 3);
void error_add(struct shmpub_error *err, const char *format, ...) ERROR_PRINTF(2, 3);
/* Put something before the line, of which the first `skip` bytes go. */
void error_prefix(struct shmpub_error *err, size_t skip, const char *format, ...)
        ERROR_PRINTF(3, 4);
/* The line for everybody: "..." stands for the cell's own text. */
void error_closed_line(char out[SHMPUB_ERROR_SIZE], const struct shmpub_error *err);

/* SHMPUB_ERR_NOMEM, with the size that could not be had. */
int error_nomem(struct shmpub_error *err, size_t size);

#endif
