/*
 * Where the bytes of a feed come from. A source is opened, gives its bytes in order and again
 * from the start, and has a mark by which the next look knows it. It is a file (source_file.h), all
 * files that match a pattern, or bytes that were fetched from a program or a server before
 * (fetch.h); whoever reads from a source does not see which kind it is (source_kind.h).
 *
 * The files of a pattern give one text, in UTF-8 and expanded. It has parts (base/byte_source.h),
 * cannot be peeked into, and how much of it there is shows only at its end.
 *
 * All bytes from one open to one close are of one state of the source, or somebody is told:
 * whoever reads to the end, or calls source_check(), gets SOURCE_BUSY when the source changed
 * meanwhile.
 *
 * Threads:  a worker; one call at a time. A source that hangs can hang each call for ever.
 * Lifetime: SOURCE_NONE may be closed, and closing leaves it so. The strings of the request
 *           must outlive the source.
 * Errors:   SHMPUB_ERR_SYS, SHMPUB_ERR_INVALID (nothing that can be read), SHMPUB_ERR_LIMIT
 *           (more than max_size), SHMPUB_ERR_NOMEM; each line begins with the source's name.
 */
#ifndef SHMPUBD_SOURCE_H
#define SHMPUBD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/byte_source.h"
#include "csv/options.h"
#include "expand.h"
#include "shm/shm.h"

enum source_answer {
	SOURCE_UNCHANGED = 40, /* the source is the one that `seen` marks */
	SOURCE_BUSY = 41,      /* it changed while it was read: try again a little later */
	SOURCE_FRESH = 42,     /* it changed so lately that more may follow: try again in 12 ms */
};

/* How a source looked when it was opened. SOURCE_MARK_NONE matches nothing. */
struct source_mark {
	/* The file was growing: `size` ends with its last newline, and only that much was read. */
	bool is_cut;
	uint64_t whole_size; /* with is_cut: of the file at that look */
	bool is_settled; /* its last change was long enough before the look to show in its times */
	uint64_t device, inode, size; /* inode 0: there was no look */
	int64_t mtime_ns, ctime_ns;
	unsigned mode; /* permission bits */
	uint32_t gid;
	/*
	 * Set when it was opened: 0644 when everybody may read it, 0640 when its group `gid`
	 * may, else 0600. An access control list counts as far as it lets everybody read.
	 */
	struct shm_access readers;
	int64_t born_ns;    /* tells a new file from an old one whose inode it got; 0: not known */
	uint64_t look_hash; /* of a pattern: how each of its files looks; else 0 */
};
#define SOURCE_MARK_NONE ((struct source_mark){ .is_settled = false })

/* The same source, unchanged. An unsettled mark equals nothing: it may have changed unseen. */
bool source_mark_equal(const struct source_mark *a, const struct source_mark *b);
/* Both looks saw the same: it may have changed between them only if a mark is not settled. */
bool source_mark_same_look(const struct source_mark *a, const struct source_mark *b);

struct spool;

/* Bytes that were fetched, all of them, and how the source looked. Both belong to the fetch. */
struct source_fetched {
	struct spool *spool;
	struct source_mark mark;
};

/* All files that match request->path. */
struct source_pattern {
	const struct csv_options *csv; /* how each of the files is to be read */
	struct expand_limit limit;     /* of the text of all that are compressed */
	bool requires_newline;         /* at the end of each file */
	const char *column;            /* of the rows' files; NULL: none */
};

struct source_request {
	const char *path; /* of a file; else the name of the source, for messages */
	/* NULL: the source is the file `path`. Else these bytes, and they are read in any case. */
	const struct source_fetched *fetched;
	const struct source_pattern *pattern; /* NULL: no pattern. To outlive the source */
	const struct source_mark *seen;       /* what was read before; NULL: read in any case */
	/*
	 * The look that was answered with SOURCE_FRESH, or SOURCE_MARK_NONE. A file that is
	 * fresh again is taken when it is another one: it is being replaced, not written to;
	 * and when it is the same in everything and its time is still to come.
	 */
	struct source_mark waited;
	bool takes_fresh; /* never answer SOURCE_FRESH */
	/*
	 * SOURCE_FRESH until the size and the time of the last write have stayed as they are for so
	 * long: by that time, or because `waited` has looked the same for `waited_ms`.
	 */
	uint64_t settle_ms, waited_ms;
	/*
	 * The file has only grown while it was waited for: read it up to its last newline as it is
	 * now, whatever is written behind that meanwhile. The mark is then not settled.
	 */
	bool takes_growing;
	/*
	 * Do not give way to a writer who waits for the file to be closed (Windows). For a source
	 * that answered SOURCE_BUSY a few times in a row, and would never be read otherwise.
	 */
	bool insists;
	/* Of a source that does not say its size, and of all that is read by source_read_all(). */
	uint64_t max_size;
	/* Where bytes that cannot be read twice are kept meanwhile; NULL: the system's own place. */
	const char *spool_directory;
};

struct source_kind;
struct set_file; /* file_set.h */

struct source {
	const struct source_kind *kind;
	void *body; /* the kind's own; NULL: not open */
	struct source_mark mark;
	const char *path;
	uint64_t max_size;
	uint64_t at;      /* offset of the next read */
	uint64_t n_lines; /* line ends so far, where the size is not known */
	bool was_short; /* the last read ended with the size that is known, and met the end there */
	bool is_whole;  /* the last read met the end, and all before it is of one state */
	const struct byte_parts *parts; /* NULL: it gives bytes as they are */
	uint64_t text_size;             /* with `parts`: about how much text there is */
};
#define SOURCE_NONE ((struct source){ .body = NULL })

/* Positive answers: SOURCE_UNCHANGED, SOURCE_FRESH. s->mark is set on SHMPUB_OK and SOURCE_FRESH. */
int source_open(struct source *s, const struct source_request *request, struct shmpub_error *err);
/* False: how many bytes the source has is only known at its end. */
static inline bool source_knows_size(const struct source *s)
{
	return s->mark.size != 0 && s->parts == NULL;
}
/* Whether a look at `path` shows what `seen` marks. */
bool source_rests(const char *path, bool is_pattern, const struct source_mark *seen);
/* The files of a pattern, one for each part; NULL: the source has none, or their text was captured. */
const struct set_file *source_part_files(const struct source *s);
/*
 * From the next pass on, the parts that are flagged give no text: somebody has their rows. They still
 * count for source_check(). NULL: all give their text. `skips` outlives the source, or the next call.
 */
void source_skip_parts(struct source *s, const bool *skips);
/* Reads at most `size` bytes (at least 1). *n is how many; 0: the end. SOURCE_BUSY: see above. */
int source_read(struct source *s, char *to, size_t size, size_t *n, struct shmpub_error *err);
/* The next read begins at the first byte again. */
int source_rewind(struct source *s, struct shmpub_error *err);
/* As source_read(), from `offset` on; where source_read() goes on does not change. */
int source_peek(struct source *s, uint64_t offset, char *to, size_t size, size_t *n,
                struct shmpub_error *err);
/* SHMPUB_OK, or SOURCE_BUSY when what was read so far may not be of one state. */
int source_check(struct source *s, struct shmpub_error *err);
void source_close(struct source *s);
/*
 * Puts the path of the source before the message of an error of its content, of its part's file
 * where the error has a line; the line becomes that in the file. Reads the source again for it, as
 * far as that line. SHMPUB_OK, or an answer of the source.
 */
int source_put_path(struct source *s, struct shmpub_error *err);

/*
 * All of it at once, for small sources: appended to *out, which is empty. On anything but
 * SHMPUB_OK *out may hold part of it. *mark is set on SHMPUB_OK and SOURCE_FRESH.
 */
int source_read_all(struct buffer *out, struct source_mark *mark,
                    const struct source_request *request, struct shmpub_error *err);

#endif
