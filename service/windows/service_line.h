/*
 * The command line that the service manager starts: "...\shmpubd.exe" service run --name N
 * --config PATH. Made when a service is installed, read back to know it again.
 *
 * Threads: no state. Errors: SHMPUB_ERR_INVALID, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SERVICE_LINE_H
#define SHMPUBD_SERVICE_LINE_H

#include <stdbool.h>
#include <wchar.h>
#include "shmpub/shmpub.h"

/* mem_free() gives *out back. */
int service_line_make(wchar_t **out, const char *program, const char *name, const char *config,
                      struct shmpub_error *err);
bool service_line_is_ours(const wchar_t *line);
/* The configuration that a line of ours names. mem_free() gives *out back. */
int service_line_config(char **out, const wchar_t *line, struct shmpub_error *err);

#endif
