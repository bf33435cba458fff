/*
 * The record: one line of JSON, last in the footer, with all that changes with every
 * snapshot and the CRCs of all metadata. docs/FORMAT.md, "The record".
 *
 * RECORD_NONE may be freed.
 */
#ifndef SHMPUB_SNAPSHOT_RECORD_H
#define SHMPUB_SNAPSHOT_RECORD_H

#include "base/buffer.h"
#include "snapshot/layout.h"
#include "snapshot/snapshot.h"

#define RECORD_KEY "shmpub"
#define RECORD_VERSION 1u

struct record_message {
	uint64_t offset, size, crc;
	uint64_t
	        body_length; /* not of the record: what the message itself says, once it was read */
};

struct record {
	struct snapshot_stamp stamp;
	uint64_t version, n_rows, schema_id;
	struct record_message schema, batch;
	struct record_message *dictionaries;
	size_t n_dictionaries;
	struct region *regions;
	size_t n_regions;
};
#define RECORD_NONE ((struct record){ .version = 0 })

/* Bytes that a record of so many dictionaries and regions has at most. */
uint64_t record_max_size(size_t n_dictionaries, size_t n_regions);
int record_write(struct buffer *out, const struct record *record, struct shmpub_error *err);

/*
 * The record's text in a whole file; `footer_end` is where the footer size stands. SPAN_NONE:
 * there is none. In a mapping that somebody may change this is only a place: copy it, then read.
 */
struct span record_find(struct span file, size_t footer_end);
/*
 * Its own CRC is checked, and that it is of our version; what it says about the file is not.
 * `text` must not change meanwhile.
 */
int record_read(struct record *out, struct span text, struct shmpub_error *err);
void record_free(struct record *r);

#endif
