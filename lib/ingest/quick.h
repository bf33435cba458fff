/*
 * The quick way through ordinary rows: tiles made from the structural index.
 *
 * It gives the very tiles that the exact tokenizer would, for stretches of text in
 * which quotes are regular (csv/index.h) and with options that need nothing beyond
 * delimiters, quotes and line ends. Everything else is for the exact way (tile.c).
 *
 * Threads: a reader belongs to one thread. QUICK_READER_NONE may be freed.
 */
#ifndef SHMPUB_INGEST_QUICK_H
#define SHMPUB_INGEST_QUICK_H

#include "csv/index.h"
#include "ingest/header.h"

/*
 * True when the quick reader can read records of this dialect and header. Lines that skiprows
 * names and stretches that may hold a comment are still for the exact way.
 */
bool quick_is_possible(const struct header *h);

/* The records of a text from some record's start on, window by window. */
struct quick_reader {
	const struct csv_index_kind *kind;
	struct csv_index_dialect dialect;
	struct csv_index_state state;
	struct span text;
	size_t width;      /* fields of a regular record */
	size_t most;       /* fields that a record may have here */
	size_t base;       /* offsets count from here */
	size_t window;     /* bytes that are indexed at a time */
	size_t at, end;    /* what is left to index */
	uint32_t *cuts;    /* owned; cuts[0] is the end before ends[0] */
	size_t room;       /* ends that fit behind it */
	uint32_t *records; /* owned */
	size_t n_ends, n_records;
	size_t given_ends, given_records; /* of those, how many were given out */
	bool has_cr;                      /* in what is at hand */
	bool owes_lf; /* the next end belongs to no record: the \n of a \r that was the last one */
};

#define QUICK_READER_NONE ((struct quick_reader){ .cuts = NULL })

enum quick_answer {
	QUICK_END = 50, /* nothing is left */
	QUICK_ODD = 51, /* a quote, or a record of very many fields: for the exact way only */
};

/* Begin at a record's start; `end` is the start of another one, or the text's end. */
void quick_seek(struct quick_reader *q, const struct header *h, size_t at, size_t end);
void quick_free(struct quick_reader *q);

/* Regular records that lie side by side. */
struct quick_run {
	const uint32_t *cuts; /* field f of row i lies behind cuts[i * stride + f] */
	size_t stride, n_rows;
};

/*
 * Sees to it that at least one record is at hand, and gives the run of regular ones that
 * begins there, at most `most`; n_rows 0: the next record is not regular, use quick_one.
 * After QUICK_ODD quick_at is the record that nothing was given of.
 */
int quick_next_run(struct quick_run *run, struct quick_reader *q, size_t most,
                   struct shmpub_error *err);

/* One record of any shape, there being one; n_fields 0: a line that is no record. */
struct quick_record {
	uint32_t before;      /* the cut before its first field */
	const uint32_t *ends; /* one a field */
	size_t n_fields;
	size_t start; /* in the text */
};
int quick_one(struct quick_record *out, struct quick_reader *q);

/* Where the next record begins: all before it was given out. */
size_t quick_at(const struct quick_reader *q);

#endif
