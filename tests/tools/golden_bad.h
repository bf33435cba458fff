/*
 * What must be refused: golden tables, damaged. Those of `at_once` when attaching, the
 * others by the full check only. CRCs hold unless they are what is damaged, so that each
 * check is met by itself. Written by golden_make to tests/golden/bad/ and bad_contents/.
 */
#ifndef SHMPUB_TESTS_GOLDEN_BAD_H
#define SHMPUB_TESTS_GOLDEN_BAD_H

#include "tools/golden_tables.h"
#include "tools/reseal.h"

struct golden_bad {
	const char *name;
	const char *table;
	void (*damage)(char *file, size_t *size, struct snapshot_view *v);
	bool at_once;
};

/* A change to the record, with its CRC made right. */
static inline void bad_record(char *file, size_t *size, void (*change)(struct record *r))
{
	struct span old = record_find(span_of(file, *size), *size - 10);
	struct buffer text = BUFFER_NONE;
	struct record r;

	if (record_read(&r, old, NULL))
		abort();
	change(&r);
	record_write(&text, &r, NULL);
	*size = reseal_splice(file, *size, (size_t)(old.data - file), buffer_span(&text));
	buffer_free(&text);
	record_free(&r);
}

static inline void bad_replace(char *file, size_t size, const char *from, const char *to)
{
	for (size_t at = 0; at + strlen(from) <= size; at++) {
		if (memcmp(file + at, from, strlen(from)) == 0)
			memcpy(file + at, to, strlen(to));
	}
}

#define DAMAGE(name) static inline void name(char *file, size_t *size, struct snapshot_view *v)
#define UNUSED_FILE ((void)file, (void)size)
#define UNUSED_VIEW ((void)size, (void)v)

DAMAGE(bad_empty)
{
	(void)file;
	(void)v;
	*size = 0;
}
DAMAGE(bad_only_magic)
{
	(void)v;
	memcpy(file + 8, "ARROW1", 6);
	*size = 14;
}
DAMAGE(bad_first_magic)
{
	UNUSED_VIEW;
	memset(file, 0, 8);
}
DAMAGE(bad_last_magic)
{
	(void)v;
	memset(file + *size - 6, 0, 6);
}
DAMAGE(bad_half)
{
	(void)file;
	(void)v;
	*size /= 2;
}
DAMAGE(bad_tail)
{
	(void)file;
	(void)v;
	*size -= 1;
}
DAMAGE(bad_record_crc)
{
	(void)v;
	bad_replace(file, *size, "\"sequence\":7", "\"sequence\":8");
}
DAMAGE(bad_version)
{
	(void)v;
	bad_replace(file, *size, "{\"version\":1", "{\"version\":2");
	reseal_record(file, size);
}
DAMAGE(bad_no_rows_key)
{
	(void)v;
	bad_replace(file, *size, "\"rows\":", "\"rowz\":");
	reseal_record(file, size);
}
DAMAGE(bad_schema_crc)
{
	(void)size;
	(void)v;
	file[8 + 64] ^= 1;
}
DAMAGE(bad_batch_crc)
{
	struct record r;

	(void)v;
	record_read(&r, record_find(span_of(file, *size), *size - 10), NULL);
	file[r.batch.offset + r.batch.size - 8] ^= 1;
	record_free(&r);
}
static inline void more_rows(struct record *r)
{
	r->n_rows++;
}
DAMAGE(bad_rows)
{
	(void)v;
	bad_record(file, size, more_rows);
}
static inline void schema_outside(struct record *r)
{
	r->schema.offset = UINT64_MAX - 7;
}
DAMAGE(bad_schema_place)
{
	(void)v;
	bad_record(file, size, schema_outside);
}
static inline void no_dictionaries(struct record *r)
{
	r->n_dictionaries = 0;
}
DAMAGE(bad_dictionaries)
{
	(void)v;
	bad_record(file, size, no_dictionaries);
}
/* The batch's message ends with its vector of buffers and a vtable: found by the first offset above 0. */
static inline void bad_buffer(char *file, size_t *size, uint64_t offset, uint64_t length,
                              bool is_length)
{
	uint64_t pair[2] = { 0 };
	struct record r;

	if (record_read(&r, record_find(span_of(file, *size), *size - 10), NULL))
		abort();
	for (uint64_t at = r.batch.offset + 8; at + 16 <= r.batch.offset + r.batch.size; at += 8) {
		memcpy(pair, file + at, 16);
		if (pair[0] != offset || pair[1] != length)
			continue;
		pair[is_length] = UINT64_C(1) << 40;
		memcpy(file + at, pair, 16);
	}
	record_free(&r);
	reseal(file, size);
}
DAMAGE(bad_buffer_offset)
{
	(void)v;
	bad_buffer(file, size, 128, 40, false);
}
DAMAGE(bad_buffer_length)
{
	(void)v;
	bad_buffer(file, size, 128, 40, true);
}
DAMAGE(bad_last_offset)
{
	(void)v;
	((int64_t *)(uintptr_t)v->columns[1].offsets)[5] = 21;
	UNUSED_FILE;
}
DAMAGE(bad_offset_falls)
{
	UNUSED_FILE;
	((int64_t *)(uintptr_t)v->columns[1].offsets)[2] = 1;
}
DAMAGE(bad_text)
{
	UNUSED_FILE;
	((char *)(uintptr_t)v->columns[1].text)[0] = (char)0xe9;
}
DAMAGE(bad_code)
{
	UNUSED_FILE;
	((char *)(uintptr_t)v->columns[0].values)[0] = 3;
}
DAMAGE(bad_negative_code)
{
	UNUSED_FILE;
	((char *)(uintptr_t)v->columns[0].values)[0] = -1;
}
DAMAGE(bad_twin)
{
	UNUSED_FILE;
	memcpy((char *)(uintptr_t)v->columns[1].dictionary->values + 8,
	       v->columns[1].dictionary->values, 8);
}
/* Where the footer says that the batch is: Arrow's readers would make another table. */
DAMAGE(bad_block)
{
	struct record r;
	uint64_t block[2];

	(void)v;
	if (record_read(&r, record_find(span_of(file, *size), *size - 10), NULL))
		abort();
	for (size_t at = r.batch.offset + r.batch.size; at + 16 <= *size; at += 4) {
		memcpy(block, file + at, sizeof(block));
		if (block[0] != r.batch.offset || (uint32_t)block[1] != r.batch.size)
			continue;
		block[0] += 64;
		memcpy(file + at, block, sizeof(block));
	}
	record_free(&r);
}
DAMAGE(bad_null_count)
{
	UNUSED_FILE;
	((uint8_t *)(uintptr_t)v->columns[0].validity)[0] = 0;
}

static const struct golden_bad golden_bads[] = {
	{ "empty", "numbers", bad_empty, true },
	{ "only_magic", "numbers", bad_only_magic, true },
	{ "first_magic", "numbers", bad_first_magic, true },
	{ "last_magic", "numbers", bad_last_magic, true },
	{ "half", "mixed_order", bad_half, true },
	{ "one_byte_short", "numbers", bad_tail, true },
	{ "record_crc", "numbers", bad_record_crc, true },
	{ "record_version", "numbers", bad_version, true },
	{ "record_without_rows", "numbers", bad_no_rows_key, true },
	{ "schema_crc", "numbers", bad_schema_crc, true },
	{ "schema_place", "numbers", bad_schema_place, true },
	{ "batch_crc", "numbers", bad_batch_crc, true },
	{ "rows_differ", "numbers", bad_rows, true },
	{ "dictionaries_missing", "categories", bad_dictionaries, true },
	{ "buffer_offset", "numbers", bad_buffer_offset, true },
	{ "buffer_length", "numbers", bad_buffer_length, true },
	{ "last_offset", "mixed_order", bad_last_offset, true },
	{ "offset_falls", "mixed_order", bad_offset_falls, false },
	{ "text_not_utf8", "mixed_order", bad_text, false },
	{ "code_outside", "categories", bad_code, false },
	{ "code_negative", "categories", bad_negative_code, false },
	{ "null_count", "nulls", bad_null_count, false },
	{ "value_twice", "categories", bad_twin, false },
	{ "footer_block", "numbers", bad_block, false },
};

#define GOLDEN_BAD_COUNT (sizeof(golden_bads) / sizeof(golden_bads[0]))

static inline const struct golden *golden_named(const char *name)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		if (strcmp(golden_tables[i].name, name) == 0)
			return &golden_tables[i];
	}
	return NULL;
}

/* The damaged bytes into *m; their size. */
static inline size_t golden_damage(struct golden_memory *m, const struct golden_bad *bad)
{
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = m };
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	uint64_t written;
	void *addr;
	size_t size;

	if (golden_write(&memory, golden_named(bad->table), &written, NULL) ||
	    golden_reserve(m, &addr, written + RESEAL_ROOM, NULL) ||
	    snapshot_view_init(&v, span_of(m->addr, written), SNAPSHOT_CHECK_FULL, NULL))
		abort();
	size = written;
	bad->damage(m->addr, &size, &v);
	snapshot_view_free(&v);
	return size;
}

#endif
