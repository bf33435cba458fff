/*
 * Reading a whole file that somebody else may be writing, replacing or removing.
 * source_file_posix.c implements it.
 *
 * Threads: worker (a file on a dead server can hang the call for ever).
 * Errors:  SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID (not a regular file), SHMPUB_ERR_LIMIT,
 *          SHMPUB_ERR_NOMEM; each line begins with the path.
 */
#ifndef SHMPUBD_SOURCE_FILE_H
#define SHMPUBD_SOURCE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "shm/shm.h"

enum source_answer {
	SOURCE_UNCHANGED = 40, /* the file is the one that `seen` marks */
	SOURCE_BUSY = 41,      /* it changed while it was read: try again a little later */
	SOURCE_FRESH = 42,     /* it changed so lately that more may follow: try again in 12 ms */
};

/* How a file looked when it was read. SOURCE_MARK_NONE matches nothing. */
struct source_mark {
	bool is_settled; /* its last change was long enough before the look to show in its times */
	uint64_t device, inode, size;
	int64_t mtime_ns, ctime_ns;
	unsigned mode; /* permission bits */
	uint32_t gid;
	/*
	 * Set when it was opened: 0644 when everybody may read it, 0640 when its group `gid`
	 * may, else 0600. An access control list counts as far as it lets everybody read.
	 */
	struct shm_access readers;
	int64_t born_ns; /* tells a new file from an old one whose inode it got; 0: not known */
};
#define SOURCE_MARK_NONE ((struct source_mark){ .is_settled = false })

/* The same file, unchanged. An unsettled mark equals nothing: it may have changed unseen. */
bool source_mark_equal(const struct source_mark *a, const struct source_mark *b);

/* Whether a look shows the very file that `seen` marks. */
bool source_file_rests(const char *path, const struct source_mark *seen);

/* Whether the file can be opened for reading now; it is not read. *mark is set when it can. */
int source_file_usable(struct source_mark *mark, const char *path, struct shmpub_error *err);

/* Whether a failure of these functions says that this process may not read the file. */
bool source_file_is_shut(const struct shmpub_error *err);

struct source_request {
	const char *path;
	const struct source_mark *seen; /* what was read before; NULL: read in any case */
	/*
	 * The look that was answered with SOURCE_FRESH, or SOURCE_MARK_NONE. A file that is
	 * fresh again is taken when it is another one: it is being replaced, not written to;
	 * and when it is the same in everything and its time is still to come.
	 */
	struct source_mark waited;
	bool takes_fresh; /* never answer SOURCE_FRESH */
	uint64_t max_size;
};

/*
 * Append the file to *out, which is empty. On anything but SHMPUB_OK *out may hold part
 * of it. *mark is set on SHMPUB_OK and SOURCE_FRESH.
 */
int source_file_read(struct buffer *out, struct source_mark *mark,
                     const struct source_request *request, struct shmpub_error *err);

#endif
