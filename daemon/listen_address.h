/*
 * The address that metrics_listen gives: ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_INVALID with what was expected.
 */
#ifndef SHMPUBD_LISTEN_ADDRESS_H
#define SHMPUBD_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <uv.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

struct listen_address {
	struct sockaddr_storage ip; /* of ADDRESS and PORT */
	const char *path;           /* of unix:PATH, inside the text; else NULL */
};

/*
 * ADDRESS is a number or `localhost`: names are not looked up. `text` must stay as long as *out is
 * used.
 */
int listen_address_parse(struct listen_address *out, const char *text, struct shmpub_error *err);
/* True when only programs of this machine reach the address. */
bool listen_address_is_local(const struct listen_address *a);

#endif
