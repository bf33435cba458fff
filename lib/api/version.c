#include "shmpub/shmpub.h"

/* The version that CMake's project() names; nothing else says it. */

const char *shmpub_version(void)
{
	return SHMPUB_VERSION;
}
