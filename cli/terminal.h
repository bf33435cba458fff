/*
 * What the commands need of the system: standard streams and the terminal. terminal_posix.c and
 * terminal_win32.c implement it.
 *
 * Threads: one; screen and signals belong to the process.
 */
#ifndef SHMPUB_CLI_TERMINAL_H
#define SHMPUB_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * To be called first, before anything else that changes signal handlers. Writing into a closed
 * pipe is then an error of the call and does not kill the process. Ctrl-C ends the program as
 * on Linux, where a shell sees the status 130.
 */
void terminal_init(void);
/* Writes all bytes to standard output. Returns 0 or an errno. */
int terminal_write(const void *data, size_t size);
/* Writes all bytes to standard error. */
void terminal_write_error(const void *data, size_t size);
/* True when standard output is a terminal. */
bool terminal_is_output(void);
/* The size of the terminal; 80 x 24 if it is unknown. */
void terminal_size(size_t *columns, size_t *lines);

/*
 * Makes the terminal of standard output follow escape sequences, until terminal_restore().
 * False: it cannot.
 */
bool terminal_start_drawing(void);
/*
 * Makes standard input give keys one by one, without echo, until terminal_restore(). What asks
 * the process to end (INT, TERM and HUP; or Ctrl-C, Ctrl-Break and closing the console) makes
 * terminal_key() return -1 instead. False: standard input is no terminal and gives no keys.
 */
bool terminal_raw(void);
void terminal_restore(void);
/*
 * Returns the next byte of a key, 0 when none came within the time, -1 when the program must
 * stop.
 */
int terminal_key(int timeout_ms);

#endif
