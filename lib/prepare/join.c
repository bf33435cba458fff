#include "prepare/steps.h"

#include <stdint.h>
#include "base/alloc.h"
#include "base/error.h"
#include "prepare/rejects.h"

/*
 * A refresh that reads only the parts of the source that are new. Their rows are made in memory of
 * its own, and then copied to the segment together with those that the feed's snapshot has already
 * (ingest/join.h).
 */

/* --- the memory of the rows that are made --------------------------------------------------------- */

#define ALIGNMENT 64u

struct scratch {
	void *memory; /* owned */
	char *at;     /* in `memory`, at a multiple of ALIGNMENT */
	size_t size;
};

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct scratch *s = arg;
	void *memory;
	char *at;

	if (size > s->size) {
		memory = size <= SIZE_MAX - ALIGNMENT ? mem_alloc(size + ALIGNMENT) : NULL;
		if (memory == NULL)
			return error_nomem(err, size);
		at = (char *)memory + (ALIGNMENT - (uintptr_t)memory % ALIGNMENT);
		if (s->size > 0)
			memcpy(at, s->at, s->size);
		mem_free(s->memory);
		*s = (struct scratch){ memory, at, size };
	}
	*addr = s->at;
	return SHMPUB_OK;
}

/* --- the steps ------------------------------------------------------------------------------------ */

struct joining {
	struct scratch scratch;
	struct snapshot_view view;
	struct ingest_before before;
	struct ingest *in;
	struct snapshot_writer *making, *joining;
	struct table_sink *made;
	struct schema schema; /* of the whole table */
};

static int open_before(struct joining *j, const struct prepare_before *before,
                       const struct schema *schema)
{
	if (snapshot_view_init(&j->view, before->bytes, SNAPSHOT_CHECK_BOUNDS, NULL) != SHMPUB_OK)
		return INGEST_APART;
	if (j->view.stamp.sequence != before->sequence ||
	    j->view.stamp.published_ns != before->published_ns)
		return INGEST_APART;
	j->before = (struct ingest_before){
		.table = &j->view.table,
		.schema = schema,
		.parts = before->parts,
		.has_same_first = before->has_same_first,
	};
	return SHMPUB_OK;
}

/* Makes the rows of the parts that are new. */
static int make(struct joining *j, const struct prepare_source *source,
                const struct csv_options *options, const struct schema *schema,
                const struct runner *runner, struct shmpub_error *err)
{
	const struct snapshot_memory memory = { .reserve = reserve, .arg = &j->scratch };
	int r = ingest_open(&j->in, &source->bytes, options, schema, runner, err);

	if (r == SHMPUB_OK)
		r = ingest_keep(j->in, &j->before, err);
	if (r == SHMPUB_OK)
		r = prepare_fill(&j->making, &j->made, j->in, &memory, &source->origin, err);
	if (r == SHMPUB_OK && ingest_skipped_rows(j->in) > 0)
		r = INGEST_APART;
	return r ? r : ingest_fits(j->in, j->made, err);
}

static int join(struct joining *j, struct table_sink **out, struct publication *pub,
                const struct snapshot_origin *origin, struct shmpub_error *err)
{
	struct snapshot_memory memory = publication_memory(pub);
	uint64_t n_rows;
	int r = ingest_join_schema(&j->schema, &n_rows, j->in, j->made, err);

	if (r)
		return r;
	r = snapshot_writer_new(&j->joining, out, &memory, &j->schema, n_rows, origin, err);
	if (r)
		return r;
	r = ingest_join(*out, j->in, j->made, err);
	(*out)->n_rows = n_rows;
	return r ? r : snapshot_writer_text(j->joining, err);
}

/* What the next refresh guesses by is of the whole source. */
static void set_sizes(struct joining *j, struct snapshot_stamp *stamp, uint64_t kept_size,
                      uint64_t n_rows)
{
	stamp->source_size += kept_size;
	j->schema.source_size = stamp->source_size;
	j->schema.source_rows = n_rows;
}

static void end(struct joining *j)
{
	snapshot_writer_free(j->joining);
	snapshot_writer_free(j->making);
	ingest_close(j->in);
	snapshot_view_free(&j->view);
	schema_free(&j->schema);
	mem_free(j->scratch.memory);
}

int prepare_join(struct publication *pub, struct catalog_descriptor *d,
                 const struct prepare_source *source, const struct prepare_before *before,
                 const struct csv_options *options, struct schema *schema,
                 struct prepare_rejects *rejects, const struct runner *runner,
                 struct shmpub_error *err)
{
	struct joining j = { .view = SNAPSHOT_VIEW_NONE, .schema = SCHEMA_NONE };
	int64_t began_ns = prepare_clock_ns(source);
	struct snapshot_stamp stamp;
	struct table_sink *out = NULL;
	uint64_t size;
	int r = open_before(&j, before, schema);

	if (!r)
		r = make(&j, source, options, schema, runner, err);
	if (!r)
		r = join(&j, &out, pub, &source->origin, err);
	if (!r && rejects != NULL)
		r = rejects_take(rejects, j.in, out->n_rows, &source->origin, err);
	if (r)
		goto out;
	prepare_stamp(&stamp, source, j.in, began_ns);
	set_sizes(&j, &stamp, before->source_size, out->n_rows);
	publication_stamp(pub, &stamp);
	r = snapshot_writer_finish(j.joining, &stamp, &size, err);
	if (r)
		goto out;
	r = publication_seal(pub, size, err);
	if (r)
		goto out;

	prepare_describe(d, &stamp, &j.schema, out->n_rows, size);
	prepare_tell_parts(source, j.in);
	schema_free(schema);
	*schema = j.schema;
	j.schema = SCHEMA_NONE;
out:
	end(&j);
	return r;
}
