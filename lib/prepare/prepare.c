#include "prepare/steps.h"

#include "prepare/growth.h"
#include "prepare/rejects.h"

/*
 * A refresh after its source was opened and before readers see its result. Columns are filled
 * straight into the segment. If a cell contradicts the schema, the segment is laid out again for
 * the new schema. The schema of the last refresh is the first guess, so that normally the segment
 * is laid out only once. A refresh that fails leaves that schema as it is.
 */

/* There is no room for as many rows as were expected: INGEST_RETYPE if there are fewer. */
static int count_rows(struct ingest *in, int failure, struct shmpub_error *err)
{
	uint64_t expected = ingest_capacity(in);
	int r = ingest_count(in, err);

	if (r)
		return r;
	return ingest_capacity(in) < expected ? INGEST_RETYPE : failure;
}

/* A writer for what is known now, with room for later rows if the snapshot is to grow. */
static int new_writer(struct snapshot_writer **writer, struct table_sink **sink,
                      const struct ingest *in, const struct snapshot_memory *memory,
                      const struct snapshot_origin *origin, uint64_t room, struct shmpub_error *err)
{
	const struct schema *schema = ingest_schema(in);
	uint64_t rows = ingest_capacity(in);
	struct snapshot_growth growth = SNAPSHOT_GROWTH_NONE;

	if (room > 0) {
		growth = growth_for(schema, rows, room);
		rows += growth_rows(schema, rows, room);
	}
	return snapshot_writer_new_growing(writer, sink, memory, schema, rows, &growth, origin,
	                                   err);
}

static int fill(struct snapshot_writer **writer, struct table_sink **sink, struct ingest *in,
                const struct snapshot_memory *memory, const struct snapshot_origin *origin,
                uint64_t room, struct shmpub_error *err)
{
	bool is_counted = false;
	int r;

	do {
		snapshot_writer_free(*writer);
		*writer = NULL;
		r = new_writer(writer, sink, in, memory, origin, room, err);
		if (r && room == 0 &&
		    !is_counted) { /* perhaps more rows were expected than there are */
			is_counted = true;
			r = count_rows(in, r, err);
		} else if (r == SHMPUB_OK) {
			r = ingest_fill(in, *sink, err);
		}
	} while (r == INGEST_RETYPE);
	return r ? r : snapshot_writer_text(*writer, err);
}

int prepare_fill(struct snapshot_writer **writer, struct table_sink **sink, struct ingest *in,
                 const struct snapshot_memory *memory, const struct snapshot_origin *origin,
                 struct shmpub_error *err)
{
	return fill(writer, sink, in, memory, origin, 0, err);
}

/* *room becomes 0 when there is no memory for later rows: the table itself may still have enough. */
static int fill_growing(struct snapshot_writer **writer, struct table_sink **sink,
                        struct ingest *in, const struct snapshot_memory *memory,
                        const struct snapshot_origin *origin, uint64_t *room,
                        struct shmpub_error *err)
{
	int r = fill(writer, sink, in, memory, origin, *room, err);

	if (*room == 0 || (r != SHMPUB_ERR_LIMIT && r != SHMPUB_ERR_SYS && r != SHMPUB_ERR_NOMEM))
		return r;
	*room = 0;
	return fill(writer, sink, in, memory, origin, 0, err);
}

static uint64_t read_so_far_ns(const struct prepare_source *source)
{
	return source->read_ns != NULL ? *source->read_ns : 0;
}

int64_t prepare_clock_ns(const struct prepare_source *source)
{
	return shm_monotonic_ns() - (int64_t)read_so_far_ns(source);
}

void prepare_stamp(struct snapshot_stamp *stamp, const struct prepare_source *source,
                   const struct ingest *in, int64_t began_ns)
{
	*stamp = (struct snapshot_stamp){
		.published_ns = shm_now_ns(),
		.source_mtime_ns = source->mtime_ns,
		.read_ns = read_so_far_ns(source),
		.parse_ns = (uint64_t)(prepare_clock_ns(source) - began_ns),
		.source_size = ingest_source_size(in),
		.skipped_rows = ingest_skipped_rows(in),
	};
}

void prepare_tell_parts(const struct prepare_source *source, const struct ingest *in)
{
	const uint64_t *rows = ingest_part_rows(in);

	if (source->part_rows != NULL && rows != NULL)
		memcpy(source->part_rows, rows, source->bytes.parts->n * sizeof(*rows));
}

int prepare_csv(struct publication *pub, struct catalog_descriptor *d,
                const struct prepare_source *source, const struct csv_options *options,
                struct schema *schema, struct prepare_rejects *rejects, const struct runner *runner,
                struct shmpub_error *err)
{
	struct snapshot_memory memory = publication_memory(pub);
	int64_t began_ns = prepare_clock_ns(source);
	struct snapshot_writer *writer = NULL;
	struct snapshot_stamp stamp;
	struct table_sink *sink;
	struct ingest *in = NULL;
	uint64_t size, room = publication_room(pub);
	int r;

	r = ingest_open(&in, &source->bytes, options, schema->n_fields > 0 ? schema : NULL, runner,
	                err);
	if (r)
		goto out;
	r = fill_growing(&writer, &sink, in, &memory, &source->origin, &room, err);
	if (r == SHMPUB_OK && rejects != NULL)
		r = rejects_take(rejects, in, sink->n_rows, &source->origin, err);
	if (r)
		goto out;
	prepare_stamp(&stamp, source, in, began_ns);
	publication_stamp(pub, &stamp);
	stamp.first_sequence = source->first_sequence == PREPARE_FIRST ? stamp.sequence
	                                                               : source->first_sequence;
	r = snapshot_writer_finish(writer, &stamp, &size, err);
	if (r)
		goto out;
	r = publication_seal(pub, size, err);
	if (r)
		goto out;
	if (room > 0) {
		publication_keep(pub, writer);
		writer = NULL;
	}

	prepare_describe(d, &stamp, ingest_schema(in), sink->n_rows, size);
	prepare_tell_parts(source, in);
	schema_free(schema);
	ingest_take_schema(schema, in);
out:
	snapshot_writer_free(writer);
	ingest_close(in);
	return r;
}

int prepare_csv_memory(const struct snapshot_memory *memory, uint64_t *size,
                       const struct prepare_source *source, const struct csv_options *options,
                       const struct runner *runner, struct shmpub_error *err)
{
	int64_t began_ns = prepare_clock_ns(source);
	struct snapshot_writer *writer = NULL;
	struct snapshot_stamp stamp;
	struct table_sink *sink;
	struct ingest *in = NULL;
	int r = ingest_open(&in, &source->bytes, options, NULL, runner, err);

	if (!r)
		r = prepare_fill(&writer, &sink, in, memory, &source->origin, err);
	if (!r) {
		prepare_stamp(&stamp, source, in, began_ns);
		stamp.sequence = stamp.epoch = 1;
		r = snapshot_writer_finish(writer, &stamp, size, err);
	}
	snapshot_writer_free(writer);
	ingest_close(in);
	return r;
}

static int field_of_column(struct schema *s, size_t i, const struct shmpub_column *c,
                           struct shmpub_error *err)
{
	struct field *f = &s->fields[i];
	int r;

	r = schema_set_name(s, i, span_of(c->name, c->name_size), err);
	if (r)
		return r;
	r = schema_set_timezone(s, i, c->timezone, err);
	if (r)
		return r;
	f->type = c->type;
	f->unit = c->unit;
	f->kind = c->kind;
	f->index_level = c->index - 1;
	f->is_unnamed = c->is_unnamed != 0;
	f->is_dictionary = c->dictionary != NULL;
	f->is_integer_name = c->is_integer_name != 0;
	return SHMPUB_OK;
}

int prepare_schema_of(struct schema *out, const struct table *table, struct shmpub_error *err)
{
	int r;

	r = schema_init(out, table->n_columns, err);
	for (size_t i = 0; r == SHMPUB_OK && i < table->n_columns; i++)
		r = field_of_column(out, i, &table->columns[i], err);
	if (r)
		schema_free(out);
	return r;
}

int prepare_table(struct publication *pub, struct catalog_descriptor *d, const struct table *table,
                  const struct snapshot_origin *origin, struct shmpub_error *err)
{
	struct snapshot_memory memory = publication_memory(pub);
	struct snapshot_stamp stamp = { .published_ns = shm_now_ns() };
	struct schema schema = SCHEMA_NONE;
	uint64_t size;
	int r;

	r = prepare_schema_of(&schema, table, err);
	if (r)
		goto out;
	publication_stamp(pub, &stamp);
	r = snapshot_write_table(&memory, &schema, table, origin, &stamp, &size, err);
	if (r)
		goto out;
	r = publication_seal(pub, size, err);
	if (r)
		goto out;
	prepare_describe(d, &stamp, &schema, table->n_rows, size);
out:
	schema_free(&schema);
	return r;
}
