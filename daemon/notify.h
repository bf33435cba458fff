/*
 * Tells the service manager the state of the daemon (sd_notify(3), without its library).
 * notify_posix.c implements it; notify_win32.c does nothing. Without a manager no call does
 * anything.
 *
 * Threads: the loop thread.
 * Errors:  none; a manager that does not listen is no failure.
 */
#ifndef SHMPUBD_NOTIFY_H
#define SHMPUBD_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;               /* -1: there is no manager */
	uint64_t watchdog_ms; /* send WATCHDOG=1 more often than this; 0: not wanted */
};
#define NOTIFY_NONE ((struct notify){ .fd = -1 })

/* Finds the manager in the environment. Without one *n is NOTIFY_NONE. */
void notify_open(struct notify *n);
/* `state`: assignments, one a line: "READY=1\nSTATUS=..." */
void notify_send(const struct notify *n, const char *state);
/* Sends RELOADING=1 with the time that systemd wants beside it. The sender ends it by READY=1. */
void notify_reloading(const struct notify *n);
void notify_close(struct notify *n);

#endif
