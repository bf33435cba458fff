/*
 * "shmpub service" belongs to the Python package shmpub-daemon. On Linux the command that pip makes
 * does it before it becomes this program, so here is only who has none; on Windows this program is
 * the command, and runs that package in the Python beside it.
 *
 * Threads: one.
 */
#ifndef SHMPUB_CLI_SERVICE_H
#define SHMPUB_CLI_SERVICE_H

/* The words after "service". Returns the exit status. */
int service_command(int argc, char **argv);

#endif
