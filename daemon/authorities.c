#include "authorities.h"

#include <stddef.h>

#ifdef SHMPUBD_STATIC
#include <stdio.h>
#include "base/span.h"

static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Ubuntu, Arch, Alpine, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem", /* openSUSE */
	"/etc/ssl/cert.pem",      /* Alpine without ca-certificates */
};

const char *authorities_find(void)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		FILE *file = fopen(places[i], "rb");

		if (file != NULL) {
			(void)fclose(file);
			return places[i];
		}
	}
	return NULL;
}

#else

const char *authorities_find(void)
{
	return NULL;
}

#endif
