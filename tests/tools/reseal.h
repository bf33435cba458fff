/*
 * Make the CRCs of a damaged snapshot hold again, so that what lies behind them is
 * tested: a hostile publisher computes CRCs as well as we do.
 */
#ifndef SHMPUB_TESTS_RESEAL_H
#define SHMPUB_TESTS_RESEAL_H

#include <inttypes.h>
#include <stdio.h>
#include "base/buffer.h"
#include "base/checked.h"
#include "base/crc32.h"
#include "snapshot/record.h"

#define RESEAL_ROOM 256u /* bytes that the file may grow by */

/*
 * Put `text` in place of the record at `at`, as the value that the footer ends with; the
 * file's new size. A footer size that was wrong stays so.
 */
static inline size_t reseal_splice(char *file, size_t size, size_t at, struct span text)
{
	size_t end = at + text.size + 1;
	uint32_t footer_size, text_size = (uint32_t)text.size;

	memcpy(&footer_size, file + size - 10, 4);
	memcpy(file + at, text.data, text.size);
	if (at >= 4)
		memcpy(file + at - 4, &text_size, 4);
	file[end - 1] = '\0';
	while (end % 8 != 0)
		file[end++] = '\0';
	footer_size += (uint32_t)(end - (size - 10));
	memcpy(file + end, &footer_size, 4);
	memcpy(file + end + 4, "ARROW1", 6);
	return end + 10;
}

/* The record's own CRC made right; false when there is no record. */
static inline bool reseal_record(char *file, size_t *size)
{
	struct span text = *size < 64 ? SPAN_NONE : record_find(span_of(file, *size), *size - 10);
	struct buffer changed = BUFFER_NONE;
	size_t comma = text.size;

	while (comma > 0 && text.data[comma - 1] != ',')
		comma--;
	if (comma == 0)
		return false;
	buffer_append(&changed, span_of(text.data, comma - 1), NULL);
	buffer_printf(&changed, NULL, ",\"crc\":%" PRIu32 "}", crc32(text.data, comma - 1));
	*size = reseal_splice(file, *size, (size_t)(text.data - file), buffer_span(&changed));
	buffer_free(&changed);
	return true;
}

static inline void reseal_message(struct record_message *m, const char *file, size_t size)
{
	if (range_inside(m->offset, m->size, size))
		m->crc = crc32(file + m->offset, (size_t)m->size);
}

/* All CRCs made right, in room for *size + RESEAL_ROOM bytes. False: there is nothing to be made right. */
static inline bool reseal(char *file, size_t *size)
{
	struct buffer text = BUFFER_NONE;
	struct record record;
	struct span old;

	if (!reseal_record(file, size))
		return false;
	old = record_find(span_of(file, *size), *size - 10);
	if (record_read(&record, old, NULL))
		return false;
	reseal_message(&record.schema, file, *size);
	reseal_message(&record.batch, file, *size);
	for (size_t i = 0; i < record.n_dictionaries; i++)
		reseal_message(&record.dictionaries[i], file, *size);
	record_write(&text, &record, NULL);
	if (text.size <= old.size + RESEAL_ROOM / 2)
		*size = reseal_splice(file, *size, (size_t)(old.data - file), buffer_span(&text));
	buffer_free(&text);
	record_free(&record);
	return true;
}

#endif
