#include "service.h"

#include <stdio.h>

/* systemd starts the program by its unit and needs no help of the program. */

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
