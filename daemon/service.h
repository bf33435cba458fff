/*
 * "shmpubd service ...": the program as a service of the system. service/windows implements it
 * for Windows' service manager. systemd starts the program in the foreground, so
 * service/systemd only prints that.
 *
 * Threads: called by main(). The service itself runs app_run() in a thread of the manager.
 * Exit:    0 success, 1 failure, 2 the command line is wrong. "status": 0 the service runs,
 *          3 it does not, 4 it is not installed, as systemctl has them.
 */
#ifndef SHMPUBD_SERVICE_H
#define SHMPUBD_SERVICE_H

/*
 * `argv`: the words after "service", in UTF-8. Returns the exit code; errors go to standard
 * error.
 */
int service_command(int argc, char **argv);

#endif
