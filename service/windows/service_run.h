/* The service's own exit codes, which the manager keeps and shows. */
#ifndef SHMPUBD_SERVICE_RUN_H
#define SHMPUBD_SERVICE_RUN_H

enum service_exit {
	SERVICE_BAD_CONFIG = 1, /* the event log has each problem */
	SERVICE_NO_START = 2,   /* the instance is taken, memory ran out, ... */
	SERVICE_NO_GO = 3,      /* it was serving and lost what it needs */
};

#endif
