#include <inttypes.h>
#include "base/crc32.h"
#include "snapshot/record.h"

/* The keys are always written in the same order, so that equal snapshots have equal bytes. */

#define HEAD_MAX_SIZE 640u /* without dictionaries and regions: 24 numbers of 20 digits, and keys */
#define ENTRY_MAX_SIZE 88u /* a dictionary or region: 4 numbers of 20 digits, brackets, commas */

uint64_t record_max_size(size_t n_dictionaries, size_t n_regions)
{
	return HEAD_MAX_SIZE + ENTRY_MAX_SIZE * ((uint64_t)n_dictionaries + n_regions);
}

static int put_stamp(struct buffer *out, const struct snapshot_stamp *s, struct shmpub_error *err)
{
	return buffer_printf(
	        out, err,
	        "{\"version\":%u,\"sequence\":%" PRIu64 ",\"epoch\":%" PRIu64
	        ",\"published_ns\":%" PRId64 ",\"source_mtime_ns\":%" PRId64 ",\"read_ns\":%" PRIu64
	        ",\"parse_ns\":%" PRIu64 ",\"source_size\":%" PRIu64 ",\"skipped_rows\":%" PRIu64,
	        RECORD_VERSION, s->sequence, s->epoch, s->published_ns, s->source_mtime_ns,
	        s->read_ns, s->parse_ns, s->source_size, s->skipped_rows);
}

static int put_messages(struct buffer *out, const struct record *r, struct shmpub_error *err)
{
	return buffer_printf(out, err,
	                     ",\"rows\":%" PRIu64 ",\"schema\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64
	                     ",%" PRIu64 "],\"batch\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
	                     r->n_rows, r->schema.offset, r->schema.size, r->schema.crc,
	                     r->schema_id, r->batch.offset, r->batch.size, r->batch.crc);
}

static int put_dictionaries(struct buffer *out, const struct record *r, struct shmpub_error *err)
{
	int status = buffer_append(out, span_str(",\"dictionaries\":["), err);

	for (size_t i = 0; status == SHMPUB_OK && i < r->n_dictionaries; i++) {
		const struct record_message *m = &r->dictionaries[i];

		status = buffer_printf(out, err, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
		                       i > 0 ? "," : "", m->offset, m->size, m->crc);
	}
	return status ? status : buffer_append(out, span_str("]"), err);
}

static int put_regions(struct buffer *out, const struct record *r, struct shmpub_error *err)
{
	int status = buffer_append(out, span_str(",\"regions\":["), err);

	for (size_t i = 0; status == SHMPUB_OK && i < r->n_regions; i++) {
		const struct region *g = &r->regions[i];

		status = buffer_printf(out, err, "%s[%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
		                       i > 0 ? "," : "", g->field, g->offset, g->stride, g->n);
	}
	return status ? status : buffer_append(out, span_str("]"), err);
}

int record_write(struct buffer *out, const struct record *record, struct shmpub_error *err)
{
	size_t from = out->size;
	int r = put_stamp(out, &record->stamp, err);

	if (r == SHMPUB_OK)
		r = put_messages(out, record, err);
	if (r == SHMPUB_OK)
		r = put_dictionaries(out, record, err);
	if (r == SHMPUB_OK)
		r = put_regions(out, record, err);
	if (r)
		return r;
	return buffer_printf(out, err, ",\"crc\":%" PRIu32 "}",
	                     crc32(out->data + from, out->size - from));
}
