/*
 * With what this shmpubd was built, where that changes what it can do.
 *
 * Threads: any.
 */
#ifndef SHMPUBD_BUILT_H
#define SHMPUBD_BUILT_H

/*
 * What goes behind a message that a user or group is unknown. A static program cannot load the
 * modules that nsswitch.conf names.
 */
#ifdef SHMPUBD_STATIC
#define BUILT_NAMES ": this static shmpubd knows the names in /etc/passwd and /etc/group only"
#else
#define BUILT_NAMES ""
#endif

/* What this shmpubd cannot do and another can: words for one line; empty: nothing. */
const char *built_without(void);

#endif
