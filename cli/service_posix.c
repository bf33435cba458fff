#include "service.h"

#include "command.h"

int service_command(int argc, char **argv)
{
	(void)argc, (void)argv;
	(void)session_say(
	        "service: the command that pip makes of shmpub-daemon can do that; a package "
	        "has its service already, see systemctl status shmpubd");
	return EXIT_USAGE;
}
