/*
 * The record: one line of JSON at the end of the footer. It has what changes from snapshot
 * to snapshot, and the places and CRCs of all messages. docs/FORMAT.md, "The record".
 *
 * RECORD_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_RECORD_H
#define SHMPUB_SNAPSHOT_RECORD_H

#include "base/buffer.h"
#include "snapshot/growth.h"
#include "snapshot/layout.h"
#include "snapshot/snapshot.h"

#define RECORD_KEY "shmpub"
#define RECORD_VERSION 1u

struct record_message {
	uint64_t offset, size, crc;
	/* not in the record: */
	uint64_t body_length; /* set when the message was read */
	uint64_t body_at; /* of a snapshot that grows; 0: the body begins where the message ends */
};

struct record {
	struct snapshot_stamp stamp;
	uint64_t version, n_rows, schema_id;
	struct record_message schema, batch;
	struct record_message *dictionaries;
	size_t n_dictionaries;
	struct region *regions;
	size_t n_regions;
	struct growth_footer
	        footer; /* not in the record: of a snapshot that grows; at 0: it does not */
};
#define RECORD_NONE ((struct record){ .version = 0 })

/* An upper bound of the bytes of a record. */
uint64_t record_max_size(size_t n_dictionaries, size_t n_regions);
int record_write(struct buffer *out, const struct record *record, struct shmpub_error *err);

/*
 * Find the text of the record in a whole file; `footer_end` is the place of the footer's size.
 * SPAN_NONE: there is none. If another process may change the file, copy the text before
 * record_read().
 */
struct span record_find(struct span file, size_t footer_end);
/* The same in a footer, which ends with the record. */
struct span record_find_in(struct span footer);
/*
 * Parse the record, and check its CRC and version. Its places in the file are not checked. `text`
 * must not change meanwhile. Errors: SHMPUB_ERR_FORMAT, SHMPUB_ERR_NOMEM.
 */
int record_read(struct record *out, struct span text, struct shmpub_error *err);
void record_free(struct record *r);

#endif
