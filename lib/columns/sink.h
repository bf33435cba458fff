/*
 * Where the columns of a new table are to be written: the meeting place of those
 * who make values (ingest/) and those who own the bytes they go to (snapshot/).
 * Neither knows the other.
 *
 * Filling goes in two rounds, because the size of text is known only when every
 * cell has been looked at, and cells are to be looked at once:
 *   round 1  writes fixed-width values, bits and validity for `capacity` rows at
 *            most, and leaves in each text column's `offsets` whatever it needs to
 *            find the text again (8 bytes a row). It sets n_rows and, per column,
 *            null_count, text_size, and for dictionaries `dictionary`.
 *   between  the owner assigns text areas, and moves pointers as it must;
 *   round 2  writes text and final offsets, and narrows codes in place.
 * Where the owner gives room for text from the start (schema.h: text_expected), round 1
 * may write a column's text and final offsets already, as long as they fit.
 * Different ranges of rows may be filled by different threads when they meet at a
 * multiple of 8 rows (no two then share a byte of bits).
 */
#ifndef SHMPUB_COLUMNS_SINK_H
#define SHMPUB_COLUMNS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "columns/schema.h"

struct column_sink {
	/* set by the owner; every pointer is 64-byte aligned, bits are not cleared */
	void *values; /* 8 bytes a row; bool: bits; dictionary: 4 bytes a row (uint32_t codes) until round 2 */
	uint8_t *validity; /* bits; always there, dropped by the owner when null_count is 0 */
	int64_t *offsets;  /* text: capacity + 1 */
	char *text;        /* text, from round 2 on: text_size bytes; in round 1: text_room bytes */
	uint64_t text_room; /* in round 1; 0: none */

	/* set by the filler in round 1 */
	uint64_t null_count;
	uint64_t text_size;
	bool is_text_done; /* text and offsets are final */
	const struct shmpub_column
	        *dictionary; /* the filler's own memory, good until the fill is closed */

	/* set by the filler in round 2: bytes per code, read as signed: up to 128 values 1, up to 32,768 2, else 4 */
	int code_size;
};

struct table_sink {
	const struct schema *schema;
	uint64_t capacity; /* rows that there is room for */
	uint64_t n_rows;   /* set in round 1 */
	struct column_sink *columns;
};

#endif
