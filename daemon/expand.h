/*
 * A source that was compressed by gzip, zstd or xz, as a source of its text: expanded some at a time, in
 * memory that does not grow with either of them. Several archives one after the other are one
 * text, as zcat, zstdcat and xzcat have it.
 *
 * Threads:  as base/byte_source.h.
 * Lifetime: an expansion stays where it is from expansion_init to expansion_free, and what it
 *           reads from must outlive it.
 * Errors:   SHMPUB_ERR_INVALID, the archive is damaged, of more text than is allowed, or of a
 *           format that this shmpubd was built without; the line begins with the reason.
 *           SHMPUB_ERR_NOMEM. What the source itself answers is handed on.
 */
#ifndef SHMPUBD_EXPAND_H
#define SHMPUBD_EXPAND_H

#include <stdbool.h>
#include "base/byte_source.h"
#include "expand_kind.h"

#define EXPAND_HEAD_SIZE ((size_t)6) /* so many first bytes tell every format */

struct expand_format {
	const char *name;
	const char *magic; /* how each archive begins; no CSV begins like this */
	size_t magic_size;
	const struct expand_kind *kind; /* NULL: it was not built in */
};

/* NULL: `head`, a source's first bytes, is not how an archive begins. */
const struct expand_format *expand_format_of(struct span head);

/* How much text there may be, and by which key of the ini. */
struct expand_limit {
	uint64_t most; /* bytes */
	const char *key;
};

struct expansion {
	struct byte_source source; /* what it makes; no peek, and no size */
	const struct byte_source *from;
	const struct expand_format *format;
	struct expand_limit limit;
	void *state;        /* the kind's own; NULL: none yet */
	char *buffer;       /* owned; NULL: the source lies in memory, or nothing was read */
	struct span raw;    /* what was read and not yet expanded */
	bool is_raw_end;    /* nothing comes after `raw` */
	bool is_in_archive; /* after the beginning of one, and before its end */
	bool is_end;
	uint64_t n_archives; /* that have ended */
	uint64_t n_text;     /* bytes of text so far */
};

void expansion_init(struct expansion *e, const struct byte_source *from,
                    const struct expand_format *format, struct expand_limit limit);
/* All zero may be freed. */
void expansion_free(struct expansion *e);

#endif
