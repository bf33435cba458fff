/*
 * The structural index of CSV text: where fields and records end.
 *
 * Quotes are taken by parity: a byte is quoted when an odd number of quotes stands
 * before it. `""` inside a quoted field flips twice and so keeps the parity right.
 * That is what pandas' tokenizer does as long as every quote that opens stands at a
 * field's start or right behind a quote that closes; the first one that does not is
 * reported (odd_quote), and from the record it stands in on the caller must use the
 * exact tokenizer (csv/tokenize.h).
 *
 * A record ends at \n, at \r, or at \r\n: then at the \r, and the \n is not marked, unless
 * keeps_lf asks for it as one more end that belongs to no record.
 *
 * Threads: pure functions, any thread. The kernels (base/cpu.h) give the same answers.
 *
 * Method: G. Langdale, D. Lemire, "Parsing gigabytes of JSON per second", 2019,
 * section 3.1: a carry-less multiplication by all ones is a prefix XOR.
 */
#ifndef SHMPUB_CSV_INDEX_H
#define SHMPUB_CSV_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"

#define CSV_INDEX_BLOCK 64u
#define CSV_INDEX_NONE UINT32_MAX

struct csv_index_dialect {
	char delimiter;
	char quote;
	bool has_quote; /* false: quotes are ordinary bytes */
	bool keeps_lf; /* of \r\n both are ends: in a text of such lines, records lie evenly then */
};

/* What is carried from one call to the next. */
struct csv_index_state {
	uint64_t quoted; /* ~0: the byte before was inside quotes; else 0 */
	uint64_t opener; /* 1: a quote that opens at the next byte is regular */
	uint64_t cr;     /* 1: the byte before was an unquoted \r */
	uint64_t line;   /* 1: the next byte is a line's first */
};

/* At a record's start (the first byte of a text, or behind a record's end). */
#define CSV_INDEX_START ((struct csv_index_state){ .opener = 1, .line = 1 })

/* Where results go; the caller provides room. */
struct csv_index {
	uint32_t base;  /* added to every offset */
	uint32_t *ends; /* offset of every byte that ends a field; room for size + 64 */
	size_t n_ends;
	uint32_t *
	        records; /* per record: the number of ends up to and with its last; room for size + 64 */
	size_t n_records;
	uint32_t odd_quote; /* offset of the first irregular quote, CSV_INDEX_NONE: none */
	bool has_quotes;    /* any quote at all: cells may need unquoting */
	bool has_cr;        /* any record ended at \r */
	bool has_non_ascii; /* any byte above 0x7F */
};

/*
 * Index text (size < 4 GiB), appending to *out, which the caller starts as
 * { .ends, .records, .odd_quote = CSV_INDEX_NONE }. *state is carried on.
 */
typedef void csv_index_fn(struct csv_index *out, struct span text,
                          const struct csv_index_dialect *dialect, struct csv_index_state *state);

struct csv_index_kind {
	const char *name; /* "plain", "sse2", "avx2", "avx512", "neon" */
	csv_index_fn *index;
};

/* The fastest kernel that this processor can run. A caller asks once, before its loop. */
const struct csv_index_kind *csv_index_best(void);
/* The i-th one that it can run, plain first; NULL past the last. */
const struct csv_index_kind *csv_index_kind(size_t i);

#endif
