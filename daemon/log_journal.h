/*
 * The journal of systemd, by its own protocol: a datagram for each event, to a socket with a fixed
 * name (systemd.io/JOURNAL_NATIVE_PROTOCOL). log_journal_posix.c implements it; log_journal_win32.c
 * says that there is none.
 *
 * Threads:  log_journal_write is called by the log's own thread, and may block.
 * Lifetime: LOG_JOURNAL_NONE may be closed.
 * Errors:   SHMPUB_ERR_SYS with a line: nobody takes events there.
 */
#ifndef SHMPUBD_LOG_JOURNAL_H
#define SHMPUBD_LOG_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include "shmpub/shmpub.h"

struct log_journal {
	int fd;
};
#define LOG_JOURNAL_NONE ((struct log_journal){ .fd = -1 })

int log_journal_open(struct log_journal *j, struct shmpub_error *err);
/*
 * Sends one record of LOG_FORM_JOURNAL. The socket is found anew each time, so a journal that was
 * started again gets it. Returns 0, or -1 when nobody takes it.
 */
int log_journal_write(const struct log_journal *j, const char *record, size_t size);
void log_journal_close(struct log_journal *j);

#endif
