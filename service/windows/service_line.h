/*
 * The command line that the service manager starts:
 *     "...\shmpubd.exe" service run --name N --config PATH
 * It is made when a service is installed, and read to recognise the service later.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_INVALID, SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_SERVICE_LINE_H
#define SHMPUBD_SERVICE_LINE_H

#include <stdbool.h>
#include <wchar.h>
#include "shmpub/shmpub.h"

/*
 * Makes the command line. *out is to be freed by mem_free(). SHMPUB_ERR_INVALID: a word has a
 * '%', which the manager takes for a variable.
 */
int service_line_make(wchar_t **out, const char *program, const char *name, const char *config,
                      struct shmpub_error *err);
/* True when service_line_make() could have made the line. */
bool service_line_is_ours(const wchar_t *line);
/*
 * Gets the path of the configuration from a command line of ours. *out is to be freed by
 * mem_free(). SHMPUB_ERR_INVALID: the line is not ours.
 */
int service_line_config(char **out, const wchar_t *line, struct shmpub_error *err);

#endif
