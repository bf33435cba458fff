/*
 * "shmpubd service ...": the program as a service of the system. Where the service manager is
 * Windows', service/windows implements it; systemd starts the program in the foreground, and
 * service/systemd only says so.
 *
 * Threads: called by main(). The service itself runs app_run() in a thread of the manager's.
 * Exit:    0 well, 1 failed, 2 the command line is wrong; "status": 0 the service runs,
 *          3 it does not, 4 it is not installed, as systemctl has them.
 */
#ifndef SHMPUBD_SERVICE_H
#define SHMPUBD_SERVICE_H

/* The words after "service", in UTF-8. Returns the exit code; errors are told on stderr. */
int service_command(int argc, char **argv);

#endif
