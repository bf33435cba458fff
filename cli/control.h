/*
 * The stream to the daemon by which the owner of an instance asks it for something: see
 * daemon/control.h. control_posix.c and control_win32.c implement it.
 *
 * Threads:  one.
 * Lifetime: CONTROL_STREAM_NONE may be closed.
 * Errors:   SHMPUB_ERR_ACCESS: the caller is not the owner. SHMPUB_ERR_SYS.
 */
#ifndef SHMPUB_CLI_CONTROL_H
#define SHMPUB_CLI_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

struct control_stream {
	intptr_t handle;
};
#define CONTROL_STREAM_NONE ((struct control_stream){ -1 })

/* `pid`: of the instance's publisher. */
int control_connect(struct control_stream *out, const char *directory, const char *instance,
                    uint64_t pid, struct shmpub_error *err);
/* Writes all bytes. */
int control_write(const struct control_stream *s, const char *bytes, size_t size,
                  struct shmpub_error *err);
/* Waits for bytes. *got is 0 at the end of the stream, when the daemon has closed it. */
int control_read(size_t *got, const struct control_stream *s, char *bytes, size_t room,
                 struct shmpub_error *err);
void control_disconnect(struct control_stream *s);

#endif
