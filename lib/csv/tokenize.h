/*
 * The exact tokenizer: finds where records and fields end, as the state machine of pandas' C
 * parser does.
 *
 * The tokenizer supports every option and reproduces every quirk of pandas; it goes byte by
 * byte. csv/index.h is the fast way for text without options and quirks of that kind. Both find
 * boundaries only; csv/cell.h gets the text of a field out of its bytes. Blanks are spaces and
 * tabs.
 *
 * Threads:  a tokenizer belongs to one thread.
 * Lifetime: a tokenizer owns no memory; dialect, text and skip_list must outlive it.
 */
#ifndef SHMPUB_CSV_TOKENIZE_H
#define SHMPUB_CSV_TOKENIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/span.h"
#include "csv/options.h"

/* How a byte ends a field without quotes; CSV_STOP_NONE: it belongs to the field. */
enum csv_stop {
	CSV_STOP_NONE = 0,
	CSV_STOP_DELIMITER = 1,
	CSV_STOP_LF = 2,
	CSV_STOP_CR = 4,
	CSV_STOP_COMMENT = 8,
};

/* The options that decide where fields and records end. */
struct csv_dialect {
	char delimiter, quote, comment;
	bool has_quote, has_comment;
	bool is_whitespace; /* runs of blanks separate fields, instead of `delimiter` */
	bool skips_spaces;  /* spaces before a field are skipped */
	uint8_t stops[256]; /* an enum csv_stop for each byte */
};

/* Sets *out from the options; it keeps no pointer to them. */
void csv_dialect_init(struct csv_dialect *out, const struct csv_options *options);

struct csv_tokenizer {
	const struct csv_dialect *dialect;
	struct span text;
	size_t at;           /* offset of the next record, or of lines before it that are none */
	uint64_t n_lines;    /* lines read; as in pandas, newlines inside quotes do not count */
	uint64_t skip_first; /* this many lines at the beginning of the text are skipped */
	const struct csv_items *skip_list; /* numbers of more lines to skip; NULL: none */
	size_t line_at;       /* set: offset of the last line that was looked at for a record */
	uint64_t line_number; /* set: n_lines before that line */
};

enum csv_token_answer {
	CSV_RECORD = 0,
	CSV_END = 40,        /* there is no further record */
	CSV_OPEN_QUOTE = 41, /* the text ends inside quotes; `at` is where the record begins */
	CSV_TOO_LONG = 42,   /* the record does not fit 32-bit offsets */
};

/*
 * The boundaries of one record's fields, as offsets from `base`: field i is the bytes from
 * cuts[i] + 1 up to, not including, cuts[i + 1]. Fields beyond `room` are counted, but their
 * cuts are not stored.
 */
struct csv_record {
	size_t base;    /* an offset in the text, set by the caller */
	uint32_t *cuts; /* room for `room` + 1, set by the caller */
	size_t room;    /* set by the caller */
	size_t n_fields;
	size_t start; /* offset of the record in the text */
};

/* Reads the next record. The caller has set base, cuts and room of *record. */
enum csv_token_answer csv_tokenize(struct csv_tokenizer *t, struct csv_record *record);

/* Sets the error of a record, for any answer but CSV_RECORD and CSV_END, without its line. */
int csv_token_error(enum csv_token_answer answer, struct shmpub_error *err);

/* Whether an error says that the text ends inside quotes, so that more of it may mend it. */
bool csv_error_is_open_quote(const struct shmpub_error *err);

/* Returns the number, from 1, of the line with the byte at offset `at`; \n, \r or \r\n ends lines. */
uint64_t csv_line_at(struct span text, size_t at);

#endif
