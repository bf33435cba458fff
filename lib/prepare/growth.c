#include "prepare/growth.h"

/*
 * Room is as much again as there is, so that a table that is made anew whenever its room runs out costs each row
 * a constant. Half of it at most is for rows, a column of text counting as one of numbers, and half for text.
 * Each state needs a message and a footer, of about a kilobyte: there are as many as take a quarter of the table.
 */

#define ROWS_LEAST 1024u
#define TEXT_LEAST 16384u /* of a column */
#define STATE_SIZE 1024u
#define STATE_COLUMN_SIZE 128u
#define STATES_LEAST_SIZE ((uint64_t)256 << 10)
#define STATES_MOST_SIZE ((uint64_t)64 << 20)
#define STATES_MOST 65536u

static uint64_t n_text(const struct schema *schema)
{
	uint64_t n = 0;

	for (size_t i = 0; i < schema->n_fields; i++)
		n += schema->fields[i].type == SHMPUB_TEXT && !schema->fields[i].is_dictionary;
	return n;
}

uint64_t growth_rows(const struct schema *schema, uint64_t rows, uint64_t room)
{
	uint64_t most = room / 2 / (8 * ((uint64_t)schema->n_fields + 1));
	uint64_t more = rows > ROWS_LEAST ? rows : ROWS_LEAST;

	return more < most ? more : most;
}

struct snapshot_growth growth_for(const struct schema *schema, uint64_t rows, uint64_t room)
{
	uint64_t each = STATE_SIZE + STATE_COLUMN_SIZE * (uint64_t)schema->n_fields;
	uint64_t size = rows * 8 / 4 * ((uint64_t)schema->n_fields + 1), n;

	if (size < STATES_LEAST_SIZE)
		size = STATES_LEAST_SIZE;
	if (size > STATES_MOST_SIZE)
		size = STATES_MOST_SIZE;
	if (size > room)
		size = room;
	n = size / each;
	return (struct snapshot_growth){
		.n_states = n < STATES_MOST ? (uint32_t)n + 1 : STATES_MOST,
		.text = { 2, TEXT_LEAST, room / 2 / (n_text(schema) + 1) + 1 },
	};
}

/* --- what is told ----------------------------------------------------------------------------------- */

static uint64_t frame_columns(const struct schema *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n_fields; i++)
		n += s->fields[i].index_level < 0;
	return n;
}

void prepare_describe(struct catalog_descriptor *d, const struct snapshot_stamp *stamp,
                      const struct schema *schema, uint64_t rows, uint64_t size)
{
	*d = (struct catalog_descriptor){
		.sequence = stamp->sequence,
		.size = size,
		.rows = rows,
		.columns = frame_columns(schema),
		.published_ns = stamp->published_ns,
		.source_mtime_ns = stamp->source_mtime_ns,
		.read_ns = stamp->read_ns,
		.parse_ns = stamp->parse_ns,
		.source_size = stamp->source_size,
		.skipped_rows = stamp->skipped_rows,
	};
}

int prepare_append(struct publication *pub, struct catalog_descriptor *d, const struct table *more,
                   uint64_t from, const struct schema *schema, struct snapshot_stamp *stamp,
                   struct shmpub_error *err)
{
	uint64_t n_rows = 0;
	int r;

	if (!publication_grows(pub, &n_rows))
		return SNAPSHOT_FULL;
	stamp->published_ns = shm_now_ns();
	publication_stamp(pub, stamp);
	r = publication_append(pub, more, from, stamp, err);
	if (r == SHMPUB_OK)
		prepare_describe(d, stamp, schema, n_rows + more->n_rows - from, 0);
	return r;
}
