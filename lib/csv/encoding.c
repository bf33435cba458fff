#include "csv/encoding.h"

#include "base/checked.h"
#include "base/error.h"
#include "csv/tokenize.h"

/*
 * The rules are those of Python's codecs. In latin-1 each byte is the code point of that number.
 * cp1252 differs from it for the bytes 0x80 to 0x9F, of which five are invalid. utf-16 begins
 * with a byte order mark, which is not part of the text; a surrogate without its partner is
 * invalid.
 */

static const struct {
	const char *word;
	enum csv_encoding encoding;
} encodings[] = {
	{ "utf-8", CSV_UTF8 },          { "utf8", CSV_UTF8 },        { "utf-8-sig", CSV_UTF8 },
	{ "ascii", CSV_ASCII },         { "us-ascii", CSV_ASCII },   { "latin-1", CSV_LATIN1 },
	{ "latin1", CSV_LATIN1 },       { "latin", CSV_LATIN1 },     { "l1", CSV_LATIN1 },
	{ "iso-8859-1", CSV_LATIN1 },   { "iso8859-1", CSV_LATIN1 }, { "cp1252", CSV_CP1252 },
	{ "windows-1252", CSV_CP1252 }, { "utf-16", CSV_UTF16 },     { "utf16", CSV_UTF16 },
	{ "utf-16-le", CSV_UTF16LE },   { "utf-16le", CSV_UTF16LE }, { "utf-16-be", CSV_UTF16BE },
	{ "utf-16be", CSV_UTF16BE },
};

/* Compares as Python does with names of codecs: without regard to case, and `_` equals `-`. */
static bool is_codec_name(struct span value, const char *word)
{
	size_t i = 0;
	char c;

	for (; i < value.size && word[i]; i++) {
		c = value.data[i] == '_' ? '-' : value.data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (c != word[i])
			return false;
	}
	return i == value.size && word[i] == '\0';
}

bool csv_encoding_by_name(enum csv_encoding *out, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
		if (is_codec_name(name, encodings[i].word)) {
			*out = encodings[i].encoding;
			return true;
		}
	}
	return false;
}

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

static int invalid_byte(struct span text, size_t at, const char *name, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_CSV, "byte 0x%02x at offset %zu is not %s",
	                 (unsigned char)text.data[at], at, name);
}

static int decode_bytes(char **p, struct span text, enum csv_encoding encoding,
                        struct shmpub_error *err)
{
	uint32_t c;

	for (size_t i = 0; i < text.size; i++) {
		c = (unsigned char)text.data[i];
		if (encoding == CSV_ASCII && c >= 0x80)
			return invalid_byte(text, i, "ASCII", err);
		if (encoding == CSV_CP1252 && c >= 0x80 && c < 0xA0) {
			c = cp1252[c - 0x80];
			if (c == 0)
				return invalid_byte(text, i, "cp1252", err);
		}
		*p = put_utf8(*p, c);
	}
	return SHMPUB_OK;
}

static uint32_t unit_at(struct span text, size_t i, bool is_big)
{
	uint32_t a = (unsigned char)text.data[i], b = (unsigned char)text.data[i + 1];

	return is_big ? a << 8 | b : b << 8 | a;
}

/* Finds the byte order, and the offset of the text after a byte order mark. */
static int find_utf16_order(bool *is_big, size_t *from, struct span text,
                            enum csv_encoding encoding, struct shmpub_error *err)
{
	*is_big = encoding == CSV_UTF16BE;
	*from = 0;
	if (encoding != CSV_UTF16 || text.size == 0)
		return SHMPUB_OK;
	*is_big = text.size >= 2 && memcmp(text.data, "\xFE\xFF", 2) == 0;
	*from = 2;
	if (!*is_big && (text.size < 2 || memcmp(text.data, "\xFF\xFE", 2) != 0))
		return error_set(err, SHMPUB_ERR_CSV, "UTF-16 without a byte order mark");
	return SHMPUB_OK;
}

static int decode_utf16(char **p, struct span text, enum csv_encoding encoding,
                        struct shmpub_error *err)
{
	uint32_t c, low;
	size_t from;
	bool is_big;
	int r = find_utf16_order(&is_big, &from, text, encoding, err);

	if (r)
		return r;
	for (size_t i = from; i < text.size; i += 2) {
		if (text.size - i < 2)
			return invalid_byte(text, i, "UTF-16, the text ends inside a character",
			                    err);
		c = unit_at(text, i, is_big);
		if (c >= 0xD800 && c < 0xE000) {
			low = text.size - i >= 4 ? unit_at(text, i + 2, is_big) : 0;
			if (c >= 0xDC00 || low < 0xDC00 || low >= 0xE000)
				return invalid_byte(text, i, "UTF-16, a surrogate alone", err);
			c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
			i += 2;
		}
		*p = put_utf8(*p, c);
	}
	return SHMPUB_OK;
}

/* Returns the line of the character that would come next, at `end`. */
static uint64_t line_at_end(const char *decoded, const char *end)
{
	struct span text = span_of(decoded, (size_t)(end - decoded));

	return csv_line_at(text, text.size);
}

int csv_decode(struct buffer *out, struct span text, enum csv_encoding encoding,
               struct shmpub_error *err)
{
	struct buffer b = BUFFER_NONE;
	uint64_t room;
	char *p;
	int r;

	/* UTF-8 needs at most 3 bytes for a byte of cp1252 or for 2 bytes of utf-16. */
	if (!u64_mul(&room, text.size, encoding == CSV_LATIN1 ? 2 : 3))
		return error_nomem(err, text.size);
	r = buffer_reserve(&b, room ? room : 1, err);
	if (r)
		return r;
	p = b.data;
	if (encoding >= CSV_UTF16)
		r = decode_utf16(&p, text, encoding, err);
	else
		r = decode_bytes(&p, text, encoding, err);
	if (r) {
		if (err && r == SHMPUB_ERR_CSV)
			error_put_line(err, line_at_end(b.data, p));
		buffer_free(&b);
		return r;
	}
	b.size = (size_t)(p - b.data);
	*out = b;
	return SHMPUB_OK;
}
