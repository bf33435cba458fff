#include "service.h"

#include <stdio.h>

/* Services are systemd's here: it needs no help of the program's. */

#define EXIT_USAGE 2

int service_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("shmpubd: 'service' is for Windows; here systemd has the service: systemctl status "
	      "shmpubd, see shmpubd(8)\n",
	      stderr);
	return EXIT_USAGE;
}
