/* lib/csv/decode.h: bytes of one-byte encodings, beside a decoder that takes one byte at a time. */
#include "unit/check.h"

#include "csv/decode.h"

#define RAW_MAX 3000u
#define TEXT_MAX (3 * RAW_MAX)

static uint64_t state = 3;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

static const struct {
	const char *label;
	enum csv_encoding encoding;
	const char *bytes, *text; /* a byte that is not ASCII, and its UTF-8; NULL: it is refused */
} cases[] = {
	{ "latin-1", CSV_LATIN1, "\xE9", "\xC3\xA9" },
	{ "latin-1, a control", CSV_LATIN1, "\x80", "\xC2\x80" },
	{ "cp1252", CSV_CP1252, "\xE9", "\xC3\xA9" },
	{ "cp1252, three bytes", CSV_CP1252, "\x80", "\xE2\x82\xAC" },
	{ "cp1252, no character", CSV_CP1252, "\x81", NULL },
	{ "ascii", CSV_ASCII, "\xE9", NULL },
};

/* One byte of `rarity` is not ASCII. Returns the size of the text up to the first refused byte. */
static size_t make(char *raw, char *text, size_t n, size_t i, uint32_t rarity, bool *is_refused)
{
	size_t size = 0;

	*is_refused = false;
	for (size_t k = 0; k < n; k++) {
		const bool is_other = random_below(rarity) == 0;
		const char *as = cases[i].text;

		raw[k] = is_other ? cases[i].bytes[0] : (char)random_below(0x80);
		*is_refused |= is_other && as == NULL;
		if (*is_refused)
			continue;
		if (is_other) {
			memcpy(text + size, as, strlen(as));
			size += strlen(as);
		} else {
			text[size++] = raw[k];
		}
	}
	return size;
}

/* A source that gives its bytes in pieces of random size. */
struct pieces {
	const char *data;
	size_t size, at;
};

static int read_piece(void *self, char *to, size_t room, size_t *n, struct shmpub_error *err)
{
	struct pieces *p = self;
	size_t left = p->size - p->at, most = 1 + random_below(40);

	(void)err;
	*n = left < room ? left : room;
	*n = *n < most ? *n : most;
	memcpy(to, p->data + p->at, *n);
	p->at += *n;
	return 0;
}

/* Returns the size of all text; *r is the answer after it. */
static size_t decode_all(char *out, const struct byte_source *from, enum csv_encoding encoding,
                         int *r)
{
	struct csv_decoding d;
	size_t size = 0, n = 1;

	csv_decoding_init(&d, from, encoding);
	for (*r = 0; *r == 0 && n > 0; size += n)
		*r = d.source.read(d.source.self, out + size, 1 + random_below(50), &n, NULL);
	csv_decoding_free(&d);
	return size;
}

static void check(size_t i, size_t n, uint32_t rarity)
{
	static char raw[RAW_MAX], want[TEXT_MAX], got[TEXT_MAX + 64];
	const enum csv_encoding encoding = cases[i].encoding;
	bool is_refused;
	size_t size = make(raw, want, n, i, rarity, &is_refused);
	struct pieces pieces = { raw, n, 0 };
	struct byte_source whole = { .whole = { raw, n } };
	struct byte_source read = { .self = &pieces, .read = read_piece };
	int r;

	CHECK_INT(cases[i].label, decode_all(got, &whole, encoding, &r), size);
	CHECK_INT(cases[i].label, r, is_refused ? SHMPUB_ERR_CSV : 0);
	CHECK(cases[i].label, memcmp(got, want, size) == 0);
	CHECK_INT(cases[i].label, decode_all(got, &read, encoding, &r), size);
	CHECK_INT(cases[i].label, r, is_refused ? SHMPUB_ERR_CSV : 0);
	CHECK(cases[i].label, memcmp(got, want, size) == 0);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t n = 0; n < 40; n++) {
			for (uint32_t rarity = 1; rarity < 40; rarity = rarity * 2 + 1)
				check(i, n, rarity);
		}
		for (uint32_t rarity = 1; rarity < 10000; rarity = rarity * 4 + 1)
			check(i, RAW_MAX, rarity);
	}
	return check_report();
}
