/* The exit codes of the service itself, which the manager keeps and shows. */
#ifndef SHMPUBD_SERVICE_RUN_H
#define SHMPUBD_SERVICE_RUN_H

enum service_exit {
	SERVICE_BAD_CONFIG = 1, /* the configuration has problems; the event log has them */
	SERVICE_NO_START = 2,   /* the instance is taken, memory ran out, ... */
	SERVICE_NO_GO = 3,      /* it was running and lost what it needs */
};

#endif
