/*
 * Fills a segment (publisher/) from CSV text (ingest/) or from the columns of a program. Only
 * this room includes both sides.
 *
 * Threads:  a worker thread; nothing here is shared.
 * Lifetime: arguments need to live until a function returns.
 * Errors:   those of ingest/ingest.h, of publisher/publisher.h and SHMPUB_ERR_NOMEM. Everything
 *           that can fail happens here, before readers see the segment.
 */
#ifndef SHMPUB_PREPARE_PREPARE_H
#define SHMPUB_PREPARE_PREPARE_H

#include "csv/options.h"
#include "ingest/ingest.h"
#include "ingest/join.h"
#include "publisher/publisher.h"

#define PREPARE_FIRST UINT64_MAX

struct prepare_source {
	struct byte_source bytes;
	struct snapshot_origin origin;
	int64_t mtime_ns;
	/*
	 * Rows are added to this source. Since the snapshot of this sequence they were only added;
	 * PREPARE_FIRST: this is the first one. 0: it is not known.
	 */
	uint64_t first_sequence;
	/*
	 * How long reading has taken so far; NULL: it is not measured. `bytes` may add to it
	 * while it is read, and this time does not count as parsing.
	 */
	const uint64_t *read_ns;
	/*
	 * Room for a number for each part of `bytes`, which becomes that of its rows on success; NULL:
	 * nobody wants to know.
	 */
	uint64_t *part_rows;
};

/* Of the records that on_bad_lines leaves out: how many may be, and where they are published. */
struct prepare_rejects {
	uint64_t max_rows;       /* more of them are a failure; UINT64_MAX: no bound */
	uint32_t max_millionths; /* the same as a share of all records; 1,000,000: no bound */
	struct publication *pub; /* gets a table of them; NULL: nobody wants it */
	struct span feed;        /* the name of that table's feed */

	struct catalog_descriptor descriptor; /* set with is_ready */
	/*
	 * Set: `pub` is sealed and may be committed. Also where prepare_csv() fails because they
	 * are too many, so that people can see which.
	 */
	bool is_ready;
};

/* True when `n` records were left out beside `n_rows` rows, and that is more than are allowed. */
bool prepare_rejects_are_too_many(const struct prepare_rejects *rejects, uint64_t n,
                                  uint64_t n_rows);

/*
 * Parses, fills and seals; on success `pub` is ready to be committed with *d. `schema` is the
 * schema of the last refresh (SCHEMA_NONE: none) and is set to that of this refresh; on failure
 * it is unchanged, and the caller discards `pub`. `rejects` may be NULL.
 */
int prepare_csv(struct publication *pub, struct catalog_descriptor *d,
                const struct prepare_source *source, const struct csv_options *options,
                struct schema *schema, struct prepare_rejects *rejects, const struct runner *runner,
                struct shmpub_error *err);

/* A snapshot of the feed that has some of the rows already, and where they are. */
struct prepare_before {
	struct span bytes;
	uint64_t sequence;    /* it must be this one */
	int64_t published_ns; /* and of this time */
	uint64_t source_size; /* bytes of the parts that are kept */
	bool has_same_first;  /* see ingest/join.h, as for `parts` */
	const struct ingest_part *parts;
};

/*
 * As prepare_csv(), where `source` gives only the parts that are not in `before`. *schema must be the
 * schema of that snapshot. INGEST_APART: only all parts show what the table is, or a record was left
 * out; nothing has changed but the memory of `pub`.
 */
int prepare_join(struct publication *pub, struct catalog_descriptor *d,
                 const struct prepare_source *source, const struct prepare_before *before,
                 const struct csv_options *options, struct schema *schema,
                 struct prepare_rejects *rejects, const struct runner *runner,
                 struct shmpub_error *err);

/*
 * Instead of making a snapshot: adds the rows of `more` from `from` on to the one that the feed has, whose schema
 * is `schema`. `stamp` tells of the source; the rest of it is set. On success `pub` is ready to be committed with *d.
 * SNAPSHOT_FULL, SNAPSHOT_DIFFERS: another snapshot is to be made.
 */
int prepare_append(struct publication *pub, struct catalog_descriptor *d, const struct table *more,
                   uint64_t from, const struct schema *schema, struct snapshot_stamp *stamp,
                   struct shmpub_error *err);

/* Makes a snapshot of *size bytes in memory of the caller, where no reader sees it. */
int prepare_csv_memory(const struct snapshot_memory *memory, uint64_t *size,
                       const struct prepare_source *source, const struct csv_options *options,
                       const struct runner *runner, struct shmpub_error *err);

/* The schema of a table that is complete. On failure *out is not set. */
int prepare_schema_of(struct schema *out, const struct table *table, struct shmpub_error *err);
/* Copies the columns of a program and seals; on success `pub` is ready to be committed with *d. */
int prepare_table(struct publication *pub, struct catalog_descriptor *d, const struct table *table,
                  const struct snapshot_origin *origin, struct shmpub_error *err);

#endif
