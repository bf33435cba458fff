#include "snapshot/record.h"

#include <assert.h>
#include <string.h>
#include "base/compiler.h"
#include "base/crc32.h"

/* The keys are always written in the same order, so that equal snapshots have equal bytes. */

#define HEAD_MAX_SIZE 704u /* without dictionaries and regions: 24 numbers of 20 digits, and keys */
#define ENTRY_MAX_SIZE 88u /* a dictionary or region: 4 numbers of 20 digits, brackets, commas */

uint64_t record_max_size(size_t n_dictionaries, size_t n_regions)
{
	return HEAD_MAX_SIZE + ENTRY_MAX_SIZE * ((uint64_t)n_dictionaries + n_regions);
}

/*
 * Every snapshot has a record, also one of three rows, and printf() would take a fifth of the time of such
 * a snapshot. So the numbers are written here, into room for the longest record.
 */

static char *put(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size);
	return at + size;
}

static char *put_number(char *at, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	while (n > 0)
		*at++ = digits[--n];
	return at;
}

static char *put_signed(char *at, int64_t value)
{
	if (value >= 0)
		return put_number(at, (uint64_t)value);
	*at++ = '-';
	return put_number(at, -(uint64_t)value);
}

/* Numbers between brackets, as a list has them. */
static char *put_list(char *at, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		*at++ = i > 0 ? ',' : '[';
		at = put_number(at, values[i]);
	}
	*at++ = ']';
	return at;
}

static char *put_stamp(char *at, const struct snapshot_stamp *s)
{
	at = put_number(put(at, "{\"version\":"), RECORD_VERSION);
	at = put_number(put(at, ",\"sequence\":"), s->sequence);
	at = put_number(put(at, ",\"epoch\":"), s->epoch);
	at = put_signed(put(at, ",\"published_ns\":"), s->published_ns);
	at = put_signed(put(at, ",\"source_mtime_ns\":"), s->source_mtime_ns);
	at = put_number(put(at, ",\"read_ns\":"), s->read_ns);
	at = put_number(put(at, ",\"parse_ns\":"), s->parse_ns);
	at = put_number(put(at, ",\"source_size\":"), s->source_size);
	return put_number(put(at, ",\"skipped_rows\":"), s->skipped_rows);
}

static char *put_messages(char *at, const struct record *r)
{
	const struct record_message *s = &r->schema, *b = &r->batch;
	const uint64_t schema[] = { s->offset, s->size, s->crc, r->schema_id };
	const uint64_t batch[] = { b->offset, b->size, b->crc };

	at = put_number(put(at, ",\"rows\":"), r->n_rows);
	at = put_list(put(at, ",\"schema\":"), schema, ARRAY_LEN(schema));
	return put_list(put(at, ",\"batch\":"), batch, ARRAY_LEN(batch));
}

static char *put_dictionaries(char *at, const struct record *r)
{
	at = put(at, ",\"dictionaries\":[");
	for (size_t i = 0; i < r->n_dictionaries; i++) {
		const struct record_message *m = &r->dictionaries[i];
		const uint64_t numbers[] = { m->offset, m->size, m->crc };

		at = put_list(put(at, i > 0 ? "," : ""), numbers, ARRAY_LEN(numbers));
	}
	return put(at, "]");
}

static char *put_regions(char *at, const struct record *r)
{
	at = put(at, ",\"regions\":[");
	for (size_t i = 0; i < r->n_regions; i++) {
		const struct region *g = &r->regions[i];
		const uint64_t numbers[] = { g->field, g->offset, g->stride, g->n };

		at = put_list(put(at, i > 0 ? "," : ""), numbers, ARRAY_LEN(numbers));
	}
	return put(at, "]");
}

int record_write(struct buffer *out, const struct record *record, struct shmpub_error *err)
{
	uint64_t most = record_max_size(record->n_dictionaries, record->n_regions);
	char *from, *at;
	int r = buffer_reserve(out, (size_t)most, err);

	if (r)
		return r;
	from = out->data + out->size;
	at = put_stamp(from, &record->stamp);
	at = put_messages(at, record);
	at = put_dictionaries(at, record);
	at = put_regions(at, record);
	if (record->stamp.first_sequence != 0)
		at = put_number(put(at, ",\"first\":"), record->stamp.first_sequence);
	at = put_number(put(at, ",\"crc\":"), crc32(from, (size_t)(at - from)));
	at = put(at, "}");
	assert((uint64_t)(at - from) <= most);
	out->size += (size_t)(at - from);
	return SHMPUB_OK;
}
