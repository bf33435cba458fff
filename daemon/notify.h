/*
 * Telling the service manager how we are (sd_notify(3), without its library).
 * notify_posix.c implements it; without a manager every call is nothing.
 *
 * Threads: the loop thread. Errors: none; a manager that does not listen is no failure.
 */
#ifndef SHMPUBD_NOTIFY_H
#define SHMPUBD_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;               /* -1: nobody to tell */
	uint64_t watchdog_ms; /* tell WATCHDOG=1 more often than this; 0: not asked for */
};
#define NOTIFY_NONE ((struct notify){ .fd = -1 })

void notify_open(struct notify *n);
/* Assignments, one a line: "READY=1\nSTATUS=..." */
void notify_send(const struct notify *n, const char *state);
/* RELOADING=1 with the time that the manager compares; READY=1 ends it. */
void notify_reloading(const struct notify *n);
void notify_close(struct notify *n);

#endif
