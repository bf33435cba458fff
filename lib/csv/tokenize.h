/*
 * The exact tokenizer: where records and fields end, as pandas' state machine has it.
 *
 * It knows every option and every quirk and goes byte by byte; csv/index.h is the fast
 * way for texts that need neither. Both only find boundaries: what a field says is
 * csv/cell.h.
 *
 * Threads: a tokenizer belongs to one thread; it owns nothing but what it points to.
 */
#ifndef SHMPUB_CSV_TOKENIZE_H
#define SHMPUB_CSV_TOKENIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "csv/options.h"

enum csv_stop { /* what a byte does in an unquoted field */
	        CSV_STOP_NONE = 0,
	        CSV_STOP_DELIMITER = 1,
	        CSV_STOP_LF = 2,
	        CSV_STOP_CR = 4,
	        CSV_STOP_COMMENT = 8,
};

struct csv_dialect {
	char delimiter, quote, comment;
	bool has_quote, has_comment;
	bool is_whitespace;
	bool skips_spaces;
	uint8_t stops[256]; /* enum csv_stop */
};

void csv_dialect_init(struct csv_dialect *out, const struct csv_options *options);

struct csv_tokenizer {
	const struct csv_dialect *dialect;
	struct span text;
	size_t at;           /* the next record's first byte, or blank lines before it */
	uint64_t n_lines;    /* lines passed as pandas counts them: embedded newlines not */
	uint64_t skip_first; /* lines below this number are skipped */
	const struct csv_items *skip_list; /* and these; NULL: none */
};

enum csv_token_answer {
	CSV_RECORD = 0,
	CSV_END = 40,        /* no record is left */
	CSV_OPEN_QUOTE = 41, /* the text ended inside quotes; at: where the record began */
	CSV_TOO_LONG = 42,   /* the record does not fit 32-bit offsets */
};

/*
 * Where the fields of one record stand, relative to `base`: field i is the bytes from
 * cuts[i] + 1 up to cuts[i + 1]. Cuts past `room` are counted but not stored.
 */
struct csv_record {
	size_t base;
	uint32_t *cuts; /* room + 1 of them */
	size_t room;
	size_t n_fields;
	size_t start; /* of the record, in the text */
};

/* Reads the next record; `record` comes with base, cuts and room set. */
enum csv_token_answer csv_tokenize(struct csv_tokenizer *t, struct csv_record *record);

/* The line (from 1) that a byte of the text stands in, however lines end. */
uint64_t csv_line_at(struct span text, size_t at);

#endif
