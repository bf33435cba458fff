/*
 * Where the system has the certificates that TLS trusts, for a static program: its libcurl was
 * built for no system in particular.
 *
 * Threads: any; no state.
 */
#ifndef SHMPUBD_AUTHORITIES_H
#define SHMPUBD_AUTHORITIES_H

/* The path of a file in PEM; NULL: libcurl knows better, or there is none. */
const char *authorities_find(void);

#endif
