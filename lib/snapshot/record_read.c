#include "base/alloc.h"
#include "base/crc32.h"
#include "base/error.h"
#include "snapshot/record.h"

/*
 * The record is a restricted kind of JSON, whose grammar is in docs/FORMAT.md: one object
 * whose values are integers, strings without escapes, or arrays of these. Its CRC is
 * checked first, which finds damage. It does not stop a hostile writer, so the parser still
 * never reads outside the text.
 */

#define DEPTH 3 /* how deep arrays may be nested */

struct text {
	const char *at, *end;
};

static bool take(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* Parse an integer: no leading zeros, from -2^63 to 2^64 - 1. */
static bool take_integer(struct text *t, uint64_t *out, bool *is_negative)
{
	const char *from;
	uint64_t v = 0;

	*is_negative = take(t, '-');
	from = t->at;
	while (t->at < t->end && *t->at >= '0' && *t->at <= '9') {
		uint64_t digit = (uint64_t)(*t->at++ - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (t->at == from || (*from == '0' && (t->at - from > 1 || *is_negative)))
		return false;
	if (*is_negative && v > (uint64_t)INT64_MAX + 1)
		return false;
	*out = *is_negative ? 0 - v : v;
	return true;
}

static bool take_number(struct text *t, uint64_t *out)
{
	bool is_negative;

	return take_integer(t, out, &is_negative) && !is_negative;
}

/* Parse a time: an int64, whose bits are stored in *out. */
static bool take_time(struct text *t, uint64_t *out)
{
	bool is_negative;

	return take_integer(t, out, &is_negative) && (is_negative || *out <= INT64_MAX);
}

static bool is_string_byte(char c)
{
	return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\' && c != '{' && c != '}';
}

static bool take_string(struct text *t, struct span *out)
{
	const char *from;

	if (!take(t, '"'))
		return false;
	from = t->at;
	while (t->at < t->end && is_string_byte(*t->at))
		t->at++;
	*out = span_of(from, (size_t)(t->at - from));
	return take(t, '"');
}

static bool skip_value(struct text *t, int depth)
{
	struct span s;
	bool is_negative;
	uint64_t v;

	if (t->at < t->end && *t->at == '"')
		return take_string(t, &s);
	if (!take(t, '['))
		return take_integer(t, &v, &is_negative);
	if (depth == 0)
		return false;
	if (take(t, ']'))
		return true;
	do {
		if (!skip_value(t, depth - 1))
			return false;
	} while (take(t, ','));
	return take(t, ']');
}

/* Parse [a,b,...] with exactly n numbers. */
static bool take_numbers(struct text *t, uint64_t *out, size_t n)
{
	if (!take(t, '['))
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((i > 0 && !take(t, ',')) || !take_number(t, &out[i]))
			return false;
	}
	return take(t, ']');
}

/* --- what the keys mean ------------------------------------------------------------------------- */

#define NUMBER(key, member)                                                                        \
	{                                                                                          \
		key, offsetof(struct record, member), take_number                                  \
	}
#define TIME(key, member)                                                                          \
	{                                                                                          \
		key, offsetof(struct record, member), take_time                                    \
	}

static const struct {
	const char *key;
	size_t offset;
	bool (*take)(struct text *t, uint64_t *out);
} numbers[] = {
	NUMBER("version", version),
	NUMBER("sequence", stamp.sequence),
	NUMBER("epoch", stamp.epoch),
	TIME("published_ns", stamp.published_ns),
	TIME("source_mtime_ns", stamp.source_mtime_ns),
	NUMBER("read_ns", stamp.read_ns),
	NUMBER("parse_ns", stamp.parse_ns),
	NUMBER("source_size", stamp.source_size),
	NUMBER("skipped_rows", stamp.skipped_rows),
	NUMBER("rows", n_rows),
	NUMBER("first", stamp.first_sequence), /* the last one: it may be left out */
};

#define SEEN_FIRST (1u << (ARRAY_LEN(numbers) - 1))

#define SEEN_SCHEMA (1u << ARRAY_LEN(numbers))
#define SEEN_BATCH (SEEN_SCHEMA << 1)
#define SEEN_DICTIONARIES (SEEN_SCHEMA << 2)
#define SEEN_REGIONS (SEEN_SCHEMA << 3)
#define SEEN_CRC (SEEN_SCHEMA << 4)
#define SEEN_ALL ((SEEN_SCHEMA << 5) - 1)

struct parser {
	struct text text;
	struct record *record;
	unsigned seen;
	struct shmpub_error *err;
};

static int malformed(struct parser *p)
{
	return error_set(p->err, SHMPUB_ERR_FORMAT, "the snapshot's record is malformed");
}

static int parse_schema(struct parser *p)
{
	uint64_t v[4];

	if (!take_numbers(&p->text, v, 4))
		return malformed(p);
	p->record->schema = (struct record_message){ .offset = v[0], .size = v[1], .crc = v[2] };
	p->record->schema_id = v[3];
	return SHMPUB_OK;
}

static int parse_batch(struct parser *p)
{
	uint64_t v[3];

	if (!take_numbers(&p->text, v, 3))
		return malformed(p);
	p->record->batch = (struct record_message){ .offset = v[0], .size = v[1], .crc = v[2] };
	return SHMPUB_OK;
}

/* An upper bound of the entries in the array of arrays that begins here: the number of brackets. */
static size_t count_entries(struct text t)
{
	size_t n = 0;

	while (t.at < t.end && *t.at != '"')
		n += *t.at++ == '[';
	return n;
}

static int parse_dictionaries(struct parser *p)
{
	size_t max = count_entries(p->text);
	uint64_t v[3];

	p->record->dictionaries = mem_zalloc(max, sizeof(*p->record->dictionaries));
	if (p->record->dictionaries == NULL)
		return error_nomem(p->err, max * sizeof(*p->record->dictionaries));
	if (!take(&p->text, '['))
		return malformed(p);
	if (take(&p->text, ']'))
		return SHMPUB_OK;
	do {
		if (!take_numbers(&p->text, v, 3))
			return malformed(p);
		p->record->dictionaries[p->record->n_dictionaries++] = (struct record_message){
			.offset = v[0], .size = v[1], .crc = v[2]
		};
	} while (take(&p->text, ','));
	return take(&p->text, ']') ? SHMPUB_OK : malformed(p);
}

static int parse_regions(struct parser *p)
{
	size_t max = count_entries(p->text);
	uint64_t v[4];

	p->record->regions = mem_zalloc(max, sizeof(*p->record->regions));
	if (p->record->regions == NULL)
		return error_nomem(p->err, max * sizeof(*p->record->regions));
	if (!take(&p->text, '['))
		return malformed(p);
	if (take(&p->text, ']'))
		return SHMPUB_OK;
	do {
		if (!take_numbers(&p->text, v, 4))
			return malformed(p);
		p->record->regions[p->record->n_regions++] = (struct region){ (size_t)v[0], v[1],
			                                                      v[2], v[3] };
	} while (take(&p->text, ','));
	return take(&p->text, ']') ? SHMPUB_OK : malformed(p);
}

/* The value was compared by crc_holds() before. */
static int parse_crc(struct parser *p)
{
	uint64_t v;

	return take_number(&p->text, &v) ? SHMPUB_OK : malformed(p);
}

static const struct {
	const char *key;
	unsigned seen;
	int (*parse)(struct parser *p);
} others[] = {
	{ "schema", SEEN_SCHEMA, parse_schema },
	{ "batch", SEEN_BATCH, parse_batch },
	{ "dictionaries", SEEN_DICTIONARIES, parse_dictionaries },
	{ "regions", SEEN_REGIONS, parse_regions },
	{ "crc", SEEN_CRC, parse_crc },
};

static int see(struct parser *p, unsigned bit)
{
	if (p->seen & bit)
		return malformed(p);
	p->seen |= bit;
	return SHMPUB_OK;
}

static int parse_value(struct parser *p, struct span key)
{
	uint64_t v;
	int r;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (!span_is(key, numbers[i].key))
			continue;
		r = see(p, 1u << i);
		if (r == SHMPUB_OK && !numbers[i].take(&p->text, &v))
			r = malformed(p);
		if (r == SHMPUB_OK)
			memcpy((char *)p->record + numbers[i].offset, &v, sizeof(v));
		return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (!span_is(key, others[i].key))
			continue;
		r = see(p, others[i].seen);
		return r ? r : others[i].parse(p);
	}
	return skip_value(&p->text, DEPTH) ? SHMPUB_OK : malformed(p);
}

static int parse(struct parser *p)
{
	struct span key;
	int r;

	if (!take(&p->text, '{'))
		return malformed(p);
	do {
		if (!take_string(&p->text, &key) || !take(&p->text, ':'))
			return malformed(p);
		r = parse_value(p, key);
		if (r)
			return r;
	} while (take(&p->text, ','));
	if (!take(&p->text, '}') || p->text.at != p->text.end)
		return malformed(p);
	if (p->record->version != RECORD_VERSION)
		return error_set(p->err, SHMPUB_ERR_FORMAT,
		                 "the snapshot is of version %llu, this reader knows %u",
		                 (unsigned long long)p->record->version, RECORD_VERSION);
	return (p->seen | SEEN_FIRST) == SEEN_ALL && p->record->stamp.sequence > 0 ? SHMPUB_OK : malformed(p);
}

/* --- finding it and its CRC --------------------------------------------------------------------- */

/* Returns where the footer begins, by the size that follows it; 0 when that size is impossible. */
static size_t footer_start(struct span file, size_t footer_end)
{
	uint32_t size = 0;

	memcpy(&size, file.data + footer_end, sizeof(size)); /* little-endian: arrow_format.h */
	return size <= footer_end ? footer_end - size : 0;
}

struct span record_find_in(struct span footer)
{
	size_t end = footer.size, from;

	while (end > 0 && footer.size - end < 8 && footer.data[end - 1] == '\0')
		end--;
	from = end;
	while (from > 0 && footer.data[from - 1] != '{' && footer.data[from - 1] != '\0')
		from--;
	if (from == 0 || footer.data[from - 1] != '{' || footer.data[end - 1] != '}')
		return SPAN_NONE;
	return span_of(footer.data + from - 1, end - from + 1);
}

struct span record_find(struct span file, size_t footer_end)
{
	size_t first = footer_start(file, footer_end);

	return record_find_in(span_of(file.data + first, footer_end - first));
}

static bool crc_holds(struct span text)
{
	static const char key[] = ",\"crc\":";
	size_t from = text.size;
	struct text rest;
	uint64_t crc;

	while (from > 0 && text.data[from - 1] != ',')
		from--;
	if (from == 0 || text.size - from + 1 < sizeof(key) ||
	    memcmp(text.data + from - 1, key, sizeof(key) - 1) != 0)
		return false;
	rest = (struct text){ text.data + from - 2 + sizeof(key), text.data + text.size };
	return take_number(&rest, &crc) && take(&rest, '}') && rest.at == rest.end &&
	       crc == crc32(text.data, from - 1);
}

int record_read(struct record *out, struct span text, struct shmpub_error *err)
{
	struct record record = RECORD_NONE;
	struct parser p = { .record = &record, .err = err };
	int r;

	if (text.size == 0)
		return error_set(err, SHMPUB_ERR_FORMAT, "the footer does not end with a record");
	if (!crc_holds(text))
		return error_set(err, SHMPUB_ERR_FORMAT, "the record's CRC does not hold");
	p.text = (struct text){ text.data, text.data + text.size };
	r = parse(&p);
	if (r) {
		record_free(&record);
		return r;
	}
	*out = record;
	return SHMPUB_OK;
}

void record_free(struct record *r)
{
	mem_free(r->dictionaries);
	mem_free(r->regions);
	*r = RECORD_NONE;
}
