/*
 * Filling the caller's struct shmpub_error.
 *
 * Threads: no state. Errors: returns the code it was given, so that
 * `return error_set(err, SHMPUB_ERR_X, ...)` reads as one step.
 */
#ifndef SHMPUB_BASE_ERROR_H
#define SHMPUB_BASE_ERROR_H

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

/* SHMPUB_ERR_NOMEM, with the size that could not be had. */
int error_nomem(struct shmpub_error *err, size_t size);

#endif
