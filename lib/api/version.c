#include "shmpub/shmpub.h"

/* The header says the version, and lib/CMakeLists.txt that it is the project's. */

const char *shmpub_version(void)
{
	return SHMPUB_VERSION_STRING;
}
