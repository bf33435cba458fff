/*
 * What each format of compression provides: expand.c calls these functions, and nobody else does.
 *
 * Threads: one call at a time for one state.
 * Errors:  SHMPUB_ERR_INVALID (expand_damaged), SHMPUB_ERR_NOMEM.
 */
#ifndef SHMPUBD_EXPAND_KIND_H
#define SHMPUBD_EXPAND_KIND_H

#include <stdbool.h>
#include "base/span.h"
#include "shmpub/shmpub.h"

enum expand_answer {
	EXPAND_END = 50, /* the archive has ended; `in` may have more bytes */
};

struct expand_step {
	struct span in; /* moves forward as bytes are used */
	bool is_last;   /* no bytes come after `in` */
	char *out;      /* moves forward as bytes are made */
	size_t room;    /* at least 1 */
};

struct expand_kind {
	/* At the beginning of an archive. *state is NULL, or what a former call made. */
	int (*begin)(void **state, struct shmpub_error *err);
	/*
	 * Expands as much as `in` and `room` allow, or says that it ended. To use nothing and to make
	 * nothing means that more bytes are needed.
	 */
	int (*step)(void *state, struct expand_step *s, struct shmpub_error *err);
	void (*free)(void *state); /* `state` may be NULL */
	bool pads;                 /* zeros may follow an archive */
};

/* Those whose libraries were found, see CMakeLists.txt. */
extern const struct expand_kind expand_kind_gzip, expand_kind_zstd, expand_kind_xz;

#define EXPAND_OTHER_BYTES "other bytes follow the end of the archive"

/* Sets *err to "damaged NAME: WHY" and returns SHMPUB_ERR_INVALID. */
int expand_damaged(struct shmpub_error *err, const char *name, const char *why);

#endif
