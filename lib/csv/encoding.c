#include "csv/encoding.h"

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
		c = value.data[i];
		if (c == '_')
			c = '-';
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
