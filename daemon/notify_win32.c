#include "notify.h"

/*
 * service/windows tells Windows' service manager, and is called through struct app_listener. A
 * program that was started at a console has no manager.
 */

void notify_open(struct notify *n)
{
	*n = NOTIFY_NONE;
}

void notify_send(const struct notify *n, const char *state)
{
	(void)n, (void)state;
}

void notify_reloading(const struct notify *n)
{
	(void)n;
}

void notify_close(struct notify *n)
{
	*n = NOTIFY_NONE;
}
