#include "csv/decode.h"

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/error.h"

/*
 * The rules are those of Python's codecs. In latin-1 each byte is the code point of that number.
 * cp1252 differs from it for the bytes 0x80 to 0x9F, of which five are invalid. utf-16 begins
 * with a byte order mark, which is not part of the text; a surrogate without its partner is
 * invalid.
 */

#ifdef SHMPUB_SMALL_STEPS /* the fuzzers' build: characters over every seam */
#define RAW_SIZE ((size_t)16)
#else
#define RAW_SIZE ((size_t)64 << 10)
#endif
#define GROWTH 3u /* bytes for one of cp1252, or for two of utf-16, at most */

/* Writes code point `c` in UTF-8 to `p` and returns the byte after it. */
static char *put_utf8(char *p, uint32_t c)
{
	if (c < 0x80) {
		*p++ = (char)c;
		return p;
	}
	if (c < 0x800) {
		*p++ = (char)(0xC0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*p++ = (char)(0xE0 | c >> 12);
		} else {
			*p++ = (char)(0xF0 | c >> 18);
			*p++ = (char)(0x80 | (c >> 12 & 0x3F));
		}
		*p++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*p++ = (char)(0x80 | (c & 0x3F));
	return p;
}

/* The code points of cp1252's bytes 0x80 to 0x9F; 0: the byte is invalid. */
static const uint16_t cp1252[32] = {
	0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static int invalid_byte(const struct csv_decoding *d, size_t at, const char *name,
                        struct shmpub_error *err)
{
	const unsigned long long offset = d->offset + at;

	return error_set(err, SHMPUB_ERR_CSV, "byte 0x%02x at offset %llu is not %s",
	                 (unsigned char)d->raw[at], offset, name);
}

/*
 * Copies ASCII from raw byte `at` on, eight bytes at a time, and returns how many bytes it has
 * copied: up to the first byte that is not ASCII, or all but the last few. There is room for it,
 * because each raw byte has room for GROWTH.
 */
static size_t copy_ascii(char *to, const struct csv_decoding *d, size_t at)
{
	size_t n = 0;

	for (; d->raw_size - at - n >= 8; n += 8) {
		const uint64_t eight = load_le64(d->raw + at + n);
		const uint64_t high = eight & UINT64_C(0x8080808080808080);

		memcpy(to + n, d->raw + at + n, 8);
		if (high)
			return n + bits_lowest(high) / 8;
	}
	return n;
}

/* Decodes raw bytes from *at on, up to the first that means nothing. */
static int decode_bytes(struct csv_decoding *d, size_t *at, struct shmpub_error *err)
{
	char *p = d->text + d->size;
	int r = SHMPUB_OK;
	uint32_t c;

	for (; *at < d->raw_size; ++*at) {
		const size_t n = copy_ascii(p, d, *at);

		p += n;
		*at += n;
		if (*at == d->raw_size)
			break;
		c = (unsigned char)d->raw[*at];
		if (d->encoding == CSV_ASCII && c >= 0x80) {
			r = invalid_byte(d, *at, "ASCII", err);
			break;
		}
		if (d->encoding == CSV_CP1252 && c >= 0x80 && c < 0xA0) {
			c = cp1252[c - 0x80];
			if (c == 0) {
				r = invalid_byte(d, *at, "cp1252", err);
				break;
			}
		}
		p = put_utf8(p, c);
	}
	d->size = (size_t)(p - d->text);
	return r;
}

static uint32_t unit_at(const struct csv_decoding *d, size_t i)
{
	uint32_t a = (unsigned char)d->raw[i], b = (unsigned char)d->raw[i + 1];

	return d->is_big ? a << 8 | b : b << 8 | a;
}

/* The order of bytes, and where the text begins: after the mark that tells it. */
static int begin_utf16(struct csv_decoding *d, size_t *at, struct shmpub_error *err)
{
	d->has_begun = true;
	d->is_big = d->encoding == CSV_UTF16BE;
	if (d->encoding != CSV_UTF16 || d->raw_size == 0)
		return SHMPUB_OK;
	d->is_big = d->raw_size >= 2 && memcmp(d->raw, "\xFE\xFF", 2) == 0;
	if (!d->is_big && (d->raw_size < 2 || memcmp(d->raw, "\xFF\xFE", 2) != 0))
		return error_set(err, SHMPUB_ERR_CSV, "UTF-16 without a byte order mark");
	*at = 2;
	return SHMPUB_OK;
}

/* One character; false: it is not whole, or none, which *r says. */
static bool decode_utf16_one(uint32_t *c, size_t *size, int *r, const struct csv_decoding *d,
                             size_t at, struct shmpub_error *err)
{
	size_t left = d->raw_size - at;
	uint32_t low;

	if (left < 2) {
		if (d->is_end)
			*r = invalid_byte(d, at, "UTF-16, the text ends inside a character", err);
		return false;
	}
	*c = unit_at(d, at);
	*size = 2;
	if (*c < 0xD800 || *c >= 0xE000)
		return true;
	if (*c < 0xDC00 && left < 4 && !d->is_end)
		return false;
	low = left >= 4 ? unit_at(d, at + 2) : 0;
	if (*c >= 0xDC00 || low < 0xDC00 || low >= 0xE000) {
		*r = invalid_byte(d, at, "UTF-16, a surrogate alone", err);
		return false;
	}
	*c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00);
	*size = 4;
	return true;
}

static int decode_utf16(struct csv_decoding *d, size_t *at, struct shmpub_error *err)
{
	char *p = d->text + d->size;
	int r = SHMPUB_OK;
	size_t size = 0;
	uint32_t c = 0;

	if (!d->has_begun && d->raw_size < 2 && !d->is_end)
		return SHMPUB_OK;
	if (!d->has_begun)
		r = begin_utf16(d, at, err);
	while (r == SHMPUB_OK && *at < d->raw_size &&
	       decode_utf16_one(&c, &size, &r, d, *at, err)) {
		p = put_utf8(p, c);
		*at += size;
	}
	d->size = (size_t)(p - d->text);
	return r;
}

static int read_raw(struct csv_decoding *d, struct shmpub_error *err)
{
	const struct byte_source *s = d->from;
	size_t n = 0, room = RAW_SIZE - d->raw_size, left;
	int r = SHMPUB_OK;

	if (s->whole.data) {
		left = s->whole.size - (size_t)(d->offset + d->raw_size);
		n = left < room ? left : room;
		memcpy(d->raw + d->raw_size, s->whole.data + d->offset + d->raw_size, n);
	} else {
		r = s->read(s->self, d->raw + d->raw_size, room, &n, err);
	}
	if (r)
		return r;
	d->raw_size += n;
	d->is_end = n == 0;
	return SHMPUB_OK;
}

/* Decodes some more. What was decoded before an error is given out first, and then the error. */
static int decode_more(struct csv_decoding *d, struct shmpub_error *err)
{
	size_t at = 0;
	int r = SHMPUB_OK;

	d->at = d->size = 0;
	while (r == SHMPUB_OK && d->size == 0 && !d->is_end) {
		r = read_raw(d, err);
		if (r)
			return r;
		at = 0;
		r = d->encoding >= CSV_UTF16 ? decode_utf16(d, &at, err)
		                             : decode_bytes(d, &at, err);
		memmove(d->raw, d->raw + at, d->raw_size - at);
		d->raw_size -= at;
		d->offset += at;
	}
	if (r && d->size > 0) {
		d->failure = r;
		if (err)
			d->error = *err;
		r = SHMPUB_OK;
	}
	return r;
}

static int read_decoded(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct csv_decoding *d = self;
	size_t left;
	int r;

	*n = 0;
	if (d->raw == NULL)
		d->raw = mem_alloc(RAW_SIZE);
	if (d->text == NULL)
		d->text = mem_alloc(RAW_SIZE * GROWTH);
	if (d->raw == NULL || d->text == NULL)
		return error_nomem(err, RAW_SIZE * (GROWTH + 1));
	if (d->at == d->size && d->failure) {
		if (err)
			*err = d->error;
		return d->failure;
	}
	if (d->at == d->size) {
		r = decode_more(d, err);
		if (r)
			return r;
	}
	left = d->size - d->at;
	*n = left < size ? left : size;
	memcpy(to, d->text + d->at, *n);
	d->at += *n;
	return SHMPUB_OK;
}

static int rewind_decoded(void *self, struct shmpub_error *err)
{
	struct csv_decoding *d = self;

	d->raw_size = d->size = d->at = 0;
	d->offset = 0;
	d->has_begun = d->is_end = false;
	d->failure = SHMPUB_OK;
	return d->from->whole.data ? SHMPUB_OK : d->from->rewind(d->from->self, err);
}

void csv_decoding_init(struct csv_decoding *d, const struct byte_source *from,
                       enum csv_encoding encoding)
{
	*d = (struct csv_decoding){ .from = from, .encoding = encoding };
	d->source = (struct byte_source){
		.self = d,
		.read = read_decoded,
		.rewind = rewind_decoded,
		.size = from->size,
		.record_max = from->record_max,
		.record_max_name = from->record_max_name,
	};
}

void csv_decoding_free(struct csv_decoding *d)
{
	mem_free(d->raw);
	mem_free(d->text);
	d->raw = d->text = NULL;
}
