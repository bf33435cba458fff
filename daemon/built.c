#include "built.h"

static const char *const lacks = ""
#ifndef SHMPUBD_CURL
                                 ", http and https sources"
#endif
#ifndef SHMPUBD_GZIP
                                 ", gzip"
#endif
#ifndef SHMPUBD_ZSTD
                                 ", zstd"
#endif
#ifndef SHMPUBD_XZ
                                 ", xz"
#endif
#ifdef SHMPUBD_STATIC
                                 ", users and groups that are not in /etc/passwd and /etc/group"
#endif
        ;

const char *built_without(void)
{
	return lacks[0] != '\0' ? lacks + 2 : lacks;
}
