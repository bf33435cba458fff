#include "shmpub/shmpub.h"

/* lib/CMakeLists.txt checks that the header has the version of the project. */

const char *shmpub_version(void)
{
	return SHMPUB_VERSION_STRING;
}
