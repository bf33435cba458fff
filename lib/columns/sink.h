/*
 * Where the columns of a new table are to be written: the meeting place of those who make values
 * (fill/, or a program's own columns in snapshot/write_table.c) and those who own the bytes that
 * the values go to (snapshot/writer.c). Neither knows the other.
 *
 * 1. The owner gives places for `capacity` rows, and room for as much text as the schema expects.
 * 2. The filler writes values, bits and validity, sets n_rows and each column's null_count,
 *    text_size and dictionary, and writes text and offsets where there was room for all of it.
 * 3. The owner gives places for the text that has none yet, and for dictionaries. Pointers may
 *    move.
 * 4. A filler that has text left writes it. (fill/ has none: when room does not suffice it asks for
 *    a sink with more.)
 *
 * Different ranges of rows may be filled by different threads when they meet at a multiple of 8
 * rows: then no two of them write to the same byte of bits.
 */
#ifndef SHMPUB_COLUMNS_SINK_H
#define SHMPUB_COLUMNS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "columns/schema.h"

struct column_sink {
	/* set by the owner; every pointer is 64-byte aligned, bits are not cleared */
	void *values; /* 8 bytes a row; bool: bits; dictionary: codes, for which there are 4 bytes a row */
	uint8_t *validity;  /* bits; always there, dropped by the owner when null_count is 0 */
	int64_t *offsets;   /* text: capacity + 1 */
	char *text;         /* in step 2 text_room bytes; in step 4 text_size bytes */
	uint64_t text_room; /* in step 2; 0: none */

	/* set by the filler in step 2 */
	uint64_t null_count;
	uint64_t text_size;
	bool is_text_done; /* text and offsets are final */
	const struct shmpub_column
	        *dictionary; /* the filler's own memory, good until the fill is closed */
	int code_size; /* bytes a code, read as signed: up to 128 values 1, up to 32,768 2, else 4 */
};

struct table_sink {
	const struct schema *schema;
	uint64_t capacity; /* rows that there is room for */
	uint64_t n_rows;   /* set in step 2 */
	struct column_sink *columns;
};

#endif
