/*
 * What the commands need of the system they run on. terminal_posix.c and terminal_win32.c
 * implement it.
 *
 * Threads: one; the screen and the signals belong to the process.
 */
#ifndef SHMPUB_CLI_TERMINAL_H
#define SHMPUB_CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Before anything else that asks for signals. Writing into a closed pipe is then an answer, not
 * a death; Ctrl-C ends a program as it does on Linux, with the status 130 for a shell.
 */
void terminal_init(void);
/* Write it all to standard output: 0, or errno. */
int terminal_write(const void *data, size_t size);
/* Write a whole line to standard error. */
void terminal_say(const void *data, size_t size);
/* Standard output is a terminal. */
bool terminal_is_output(void);
/* Columns and lines of the terminal; 80 x 24 when it doesn't say. */
void terminal_size(size_t *columns, size_t *lines);

/*
 * The terminal that is written to follows escape sequences from now on, until
 * terminal_restore(). False: it cannot.
 */
bool terminal_draws(void);
/*
 * Keys one by one, no echo; whatever asks the process to end (INT, TERM and HUP, or Ctrl-C,
 * Ctrl-Break and a console that is closed) becomes a request to stop. False: standard input
 * is no terminal, and there are no keys.
 */
bool terminal_raw(void);
void terminal_restore(void);
/* The next key, 0 when none came in the time, -1 when it is time to stop. */
int terminal_key(int timeout_ms);

#endif
