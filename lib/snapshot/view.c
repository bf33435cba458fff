#include "snapshot/snapshot.h"

#include "base/alloc.h"
#include "base/error.h"
#include "snapshot/arrow_batch_read.h"
#include "snapshot/arrow_format.h"
#include "snapshot/check.h"
#include "snapshot/record.h"

/*
 * A snapshot is read from its end: first the magic, then the record, then the messages at
 * the places and with the CRCs that the record gives. The tables of the footer are not
 * read, so damage to them does not matter. This reads all of the metadata, and nothing of
 * the contents.
 *
 * The bytes may be a mapping whose owner can change them at any moment. So the record and
 * each message are copied, and only the copies are checked and used. Pointers into the
 * mapping are kept only after they were compared with its size.
 */

#define RECORD_ROOM 1024u /* large enough for most records */

/* Copy the record, then parse the copy. */
static int read_record(struct record *out, struct span found, struct shmpub_error *err)
{
	char room[RECORD_ROOM], *copy = room;
	int r;

	if (found.size > sizeof(room))
		copy = mem_alloc(found.size);
	if (copy == NULL)
		return error_nomem(err, found.size);
	if (found.size > 0)
		memcpy(copy, found.data, found.size);
	r = record_read(out, span_of(copy, found.size), err);
	if (copy != room)
		mem_free(copy);
	return r;
}

/* Of a snapshot that grows: the record of the state that is current now. */
static int find_state(struct record *out, struct span file, struct shmpub_error *err)
{
	struct growth_footer footer = { 0, 0 };
	struct growth_tail tail;
	int r = growth_read(&tail, &footer, file, err);

	if (r == SHMPUB_OK)
		r = read_record(
		        out,
		        record_find_in(span_of(file.data + footer.at, (size_t)footer.own_size)),
		        err);
	if (r)
		return r;
	out->footer = footer;
	out->batch.body_at = tail.body_at;
	if (out->batch.offset < tail.messages_at)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "a batch message lies before the area of such messages");
	return SHMPUB_OK;
}

static int find_record(struct record *out, struct span file, struct shmpub_error *err)
{
	if (file.size < 64)
		return error_set(err, SHMPUB_ERR_FORMAT, "%zu bytes are too few for a snapshot",
		                 file.size);
	if (memcmp(file.data, ARROW_MAGIC "\0\0", ARROW_SCHEMA_AT) != 0 ||
	    memcmp(file.data + file.size - ARROW_MAGIC_SIZE, ARROW_MAGIC, ARROW_MAGIC_SIZE) != 0)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "no magic at the beginning or the end: not a whole snapshot");
	if (growth_is_found(file))
		return find_state(out, file, err);
	return read_record(out, record_find(file, file.size - ARROW_TAIL_SIZE), err);
}

static size_t count_dictionaries(const struct shmpub_column *columns, size_t n)
{
	size_t n_dictionaries = 0;

	for (size_t i = 0; i < n; i++)
		n_dictionaries += columns[i].code_size > 0;
	return n_dictionaries;
}

static int read_dictionary(struct shmpub_column *out, const struct shmpub_column *c,
                           struct span file, struct record_message *where, uint64_t id,
                           struct shmpub_error *err)
{
	struct arrow_batch b = ARROW_BATCH_NONE;
	int r = arrow_open_dictionary(&b, file, where, id, err);

	if (r)
		return r;
	where->body_length = b.body_length;
	*out = (struct shmpub_column){ .name = c->name,
		                       .name_size = c->name_size,
		                       .type = c->type,
		                       .unit = c->unit,
		                       .timezone = c->timezone };
	r = arrow_place_column(out, &b, 0, err);
	if (r == SHMPUB_OK)
		r = arrow_close_batch(&b, 1, err);
	if (r == SHMPUB_OK && out->null_count > 0)
		r = error_set(err, SHMPUB_ERR_FORMAT, "dictionary %llu has nulls",
		              (unsigned long long)id);
	arrow_batch_free(&b);
	return r;
}

static int read_dictionaries(struct snapshot_view *v, struct span file, struct record *record,
                             struct shmpub_error *err)
{
	size_t n = count_dictionaries(v->columns, v->table.n_columns), k = 0;
	struct shmpub_column *dictionaries;
	int r = SHMPUB_OK;

	if (n != record->n_dictionaries)
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "%zu dictionaries where the schema has %zu",
		                 record->n_dictionaries, n);
	if (n == 0)
		return SHMPUB_OK;
	dictionaries = mem_zalloc(n, sizeof(*dictionaries));
	if (dictionaries == NULL)
		return error_nomem(err, n * sizeof(*dictionaries));
	v->memory = dictionaries;
	for (size_t i = 0; r == SHMPUB_OK && i < v->table.n_columns; i++) {
		struct shmpub_column *c = &v->columns[i];

		if (c->code_size == 0)
			continue;
		c->dictionary = &dictionaries[k];
		r = read_dictionary(&dictionaries[k], c, file, &record->dictionaries[k], k, err);
		k++;
	}
	return r;
}

static int read_schema(struct snapshot_view *v, struct span file, const struct record *record,
                       struct shmpub_error *err)
{
	struct arrow_fields fields;
	int r = arrow_copy_message(&v->schema, file, &record->schema, err);

	if (r == SHMPUB_OK)
		r = arrow_read_schema(&fields, span_of(v->schema, (size_t)record->schema.size),
		                      err);
	if (r == SHMPUB_OK)
		r = arrow_read_origin(&v->origin, &fields, err);
	if (r)
		return r;
	v->columns = mem_zalloc(fields.fields.n, sizeof(*v->columns));
	if (v->columns == NULL)
		return error_nomem(err, fields.fields.n * sizeof(*v->columns));
	v->table = (struct table){ record->n_rows, fields.fields.n, v->columns };
	return arrow_read_fields(v->columns, &fields, err);
}

static int read_batch(struct snapshot_view *v, struct span file, struct record *record,
                      struct shmpub_error *err)
{
	struct arrow_batch b = ARROW_BATCH_NONE;
	int r = arrow_open_batch(&b, file, &record->batch, err);

	record->batch.body_length = b.body_length;
	if (r == SHMPUB_OK && b.n_rows != record->n_rows)
		r = error_set(err, SHMPUB_ERR_FORMAT, "%llu rows where the record says %llu",
		              (unsigned long long)b.n_rows, (unsigned long long)record->n_rows);
	for (uint32_t i = 0; r == SHMPUB_OK && i < v->table.n_columns; i++)
		r = arrow_place_column(&v->columns[i], &b, i, err);
	if (r == SHMPUB_OK)
		r = arrow_close_batch(&b, (uint32_t)v->table.n_columns, err);
	arrow_batch_free(&b);
	return r;
}

static int check_all(const struct snapshot_view *v, struct span bytes, const struct record *record,
                     struct shmpub_error *err)
{
	int r = check_names(v, record, err);

	if (r == SHMPUB_OK)
		r = check_contents(v, err);
	if (r == SHMPUB_OK)
		r = check_regions(v, bytes, record, err);
	return r ? r : check_footer(v, bytes, record, err);
}

int snapshot_view_init(struct snapshot_view *out, struct span bytes, enum snapshot_check check,
                       struct shmpub_error *err)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct record record = RECORD_NONE;
	int r = find_record(&record, bytes, err);

	if (r)
		return r;
	v.stamp = record.stamp;
	v.is_growing = record.footer.at != 0;
	r = read_schema(&v, bytes, &record, err);
	if (r == SHMPUB_OK)
		r = read_batch(&v, bytes, &record, err);
	if (r == SHMPUB_OK)
		r = read_dictionaries(&v, bytes, &record, err);
	if (r == SHMPUB_OK && check == SNAPSHOT_CHECK_FULL)
		r = check_all(&v, bytes, &record, err);
	if (r == SHMPUB_OK) {
		*out = v;
		v = SNAPSHOT_VIEW_NONE;
	}
	snapshot_view_free(&v);
	record_free(&record);
	return r;
}

void snapshot_view_free(struct snapshot_view *v)
{
	mem_free(v->columns);
	mem_free(v->memory);
	mem_free(v->schema);
	*v = SNAPSHOT_VIEW_NONE;
}
