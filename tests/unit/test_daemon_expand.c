/* daemon/expand: archives in pieces of every size, damage at every place, no memory at every request. */
#include "unit/check.h"

#include "base/alloc.h"
#include "base/error.h"
#include "expand.h"

#define ROOM ((size_t)300 << 10) /* more than the one block of zstd that a flipped bit may make */
#define TEXT "a,b\n1,hello hello hello hello hello\n2,x\n"

/* TEXT, as the formats' own programs compress it. */
static const struct archive {
	const char *name;
	const unsigned char bytes[128];
	size_t size;
} archives[] = {
	{ "gzip",
	  { 0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4B, 0xD4, 0x49,
	    0xE2, 0x32, 0xD4, 0xC9, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC0, 0x41, 0x72, 0x19,
	    0xE9, 0x54, 0x70, 0x01, 0x00, 0x3F, 0x33, 0x91, 0x60, 0x28, 0x00, 0x00, 0x00 },
	  39 },
	{ "zstd",
	  { 0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58, 0xBD, 0x00, 0x00, 0x88, 0x61, 0x2C,
	    0x62, 0x0A, 0x31, 0x2C, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0x20, 0x0A, 0x32,
	    0x2C, 0x78, 0x0A, 0x01, 0x00, 0xA9, 0x4B, 0x12, 0x36, 0x51, 0x36, 0xA4 },
	  36 },
	{ "xz",
	  { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00, 0x04, 0xE6, 0xD6, 0xB4, 0x46, 0x02, 0x00,
	    0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2F, 0xE5, 0xA3, 0xE0, 0x00, 0x27, 0x00,
	    0x18, 0x5D, 0x00, 0x30, 0x8B, 0x08, 0x40, 0xA6, 0x74, 0xD3, 0x2E, 0x2B, 0x28, 0x7E,
	    0x6B, 0xDF, 0x08, 0x00, 0x79, 0x37, 0xF6, 0xFC, 0x3D, 0xF6, 0x88, 0x38, 0x95, 0x00,
	    0x68, 0x9C, 0xA6, 0x8D, 0xD8, 0x26, 0x38, 0xF7, 0x00, 0x01, 0x34, 0x28, 0x26, 0xEE,
	    0x19, 0xAE, 0x1F, 0xB6, 0xF3, 0x7D, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5A },
	  84 },
};

static uint64_t state = 5;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

/* A source that gives its bytes in pieces of random size. */
struct pieces {
	const char *data;
	size_t size, at;
	size_t fails_at; /* its own failure, from that byte on */
};

static int read_piece(void *self, char *to, size_t room, size_t *n, struct shmpub_error *err)
{
	struct pieces *p = self;
	size_t left = p->size - p->at, most = 1 + random_below(40);

	if (p->at >= p->fails_at)
		return error_set(err, SHMPUB_ERR_SYS, "no disk");
	*n = left < room ? left : room;
	*n = *n < most ? *n : most;
	memcpy(to, p->data + p->at, *n);
	p->at += *n;
	return 0;
}

static int rewind_pieces(void *self, struct shmpub_error *err)
{
	struct pieces *p = self;

	(void)err;
	p->at = 0;
	return 0;
}

static struct byte_source source_of(struct pieces *p)
{
	return (struct byte_source){ .self = p, .read = read_piece, .rewind = rewind_pieces };
}

static int read_all(char *out, size_t room, size_t *size, struct expansion *e,
                    struct shmpub_error *err)
{
	size_t n = 1;
	int r = 0;

	for (*size = 0; !r && n > 0; *size += n) {
		size_t want = 1 + random_below(60);

		if (*size + want > room)
			want = room - *size;
		CHECK("room", want > 0);
		r = e->source.read(e, out + *size, want, &n, err);
		n = r ? 0 : n;
	}
	return r;
}

static const struct expand_format *format_of(const struct archive *a)
{
	return expand_format_of(span_of((const char *)a->bytes, a->size));
}

static const struct expand_limit no_limit = { UINT64_MAX, "max_source" };

/* Expands `bytes` twice, from pieces and from memory, and returns the answer, which is the same. */
static int expand(char *out, size_t room, size_t *size, const struct expand_format *f,
                  struct span bytes, struct shmpub_error *err)
{
	struct pieces p = { bytes.data, bytes.size, 0, SIZE_MAX };
	struct byte_source pieces = source_of(&p), memory = byte_source_of(bytes);
	struct expansion e;
	static char again[ROOM];
	size_t n;
	int r, r2;

	expansion_init(&e, &memory, f, no_limit);
	r = read_all(out, room, size, &e, err);
	expansion_free(&e);
	expansion_init(&e, &pieces, f, no_limit);
	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			CHECK_INT("rewind", e.source.rewind(&e, NULL), 0);
		r2 = read_all(again, sizeof(again), &n, &e, NULL);
		CHECK_INT("the same answer", r2, r);
		CHECK("the same text", r || (n == *size && memcmp(again, out, n) == 0));
	}
	expansion_free(&e);
	expansion_free(&e);
	return r;
}

static void test_text(const struct archive *a)
{
	struct shmpub_error err = { 0 };
	char out[1000], twice[300];
	size_t size;

	memcpy(twice, a->bytes, a->size);
	memcpy(twice + a->size, a->bytes, a->size);
	for (int i = 0; i < 200; i++) {
		CHECK_INT(a->name,
		          expand(out, sizeof(out), &size, format_of(a), span_of(twice, a->size),
		                 &err),
		          0);
		CHECK("text", size == strlen(TEXT) && memcmp(out, TEXT, size) == 0);
		CHECK_INT(a->name,
		          expand(out, sizeof(out), &size, format_of(a), span_of(twice, 2 * a->size),
		                 &err),
		          0);
		CHECK("text", size == 2 * strlen(TEXT) && memcmp(out, TEXT TEXT, size) == 0);
	}
}

static void test_truncated(const struct archive *a)
{
	char out[1000], whole[128], wanted[100];
	struct shmpub_error err;
	size_t size;

	memcpy(whole, a->bytes, a->size);
	snprintf(wanted, sizeof(wanted), "damaged %s: it ends too early", a->name);
	for (size_t n = format_of(a)->magic_size; n < a->size; n++) {
		CHECK_INT(a->name,
		          expand(out, sizeof(out), &size, format_of(a), span_of(whole, n), &err),
		          SHMPUB_ERR_INVALID);
		CHECK_STR(a->name, err.message, wanted);
	}
}

/* Every bit and, for most of them, a failure; never a text that is another one. */
static void test_flipped(const struct archive *a)
{
	static char out[ROOM];
	char bad[128];
	size_t size, n_failed = 0;
	struct shmpub_error err;
	int r;

	for (size_t bit = 8 * format_of(a)->magic_size; bit < 8 * a->size; bit++) {
		memcpy(bad, a->bytes, a->size);
		bad[bit / 8] = (char)(bad[bit / 8] ^ 1 << bit % 8);
		r = expand(out, sizeof(out), &size, format_of(a), span_of(bad, a->size), &err);
		n_failed += r != 0;
		if (r == 0)
			CHECK("text", size == strlen(TEXT) && memcmp(out, TEXT, size) == 0);
		else
			CHECK("told",
			      r == SHMPUB_ERR_INVALID && strstr(err.message, a->name) != NULL);
	}
	CHECK("most of them are told", n_failed > 6 * (a->size - format_of(a)->magic_size));
}

static void test_limit(const struct archive *a)
{
	const struct byte_source memory = byte_source_of(span_of((const char *)a->bytes, a->size));
	struct shmpub_error err;
	struct expansion e;
	char out[1000], wanted[100];
	size_t size;

	expansion_init(&e, &memory, format_of(a),
	               (struct expand_limit){ strlen(TEXT), "max_bytes" });
	CHECK_INT("as many as allowed", read_all(out, sizeof(out), &size, &e, &err), 0);
	expansion_free(&e);
	expansion_init(&e, &memory, format_of(a),
	               (struct expand_limit){ strlen(TEXT) - 1, "max_bytes" });
	CHECK_INT("one more", read_all(out, sizeof(out), &size, &e, &err), SHMPUB_ERR_INVALID);
	snprintf(wanted, sizeof(wanted), "%s: more than %zu bytes of text, which is max_bytes",
	         a->name, strlen(TEXT) - 1);
	CHECK_STR("told", err.message, wanted);
	expansion_free(&e);
}

static void test_failures_of_the_source(const struct archive *a)
{
	struct shmpub_error err;
	char out[1000];
	size_t size;

	for (size_t at = 0; at <= a->size; at++) {
		struct pieces p = { (const char *)a->bytes, a->size, 0, at };
		struct byte_source pieces = source_of(&p);
		struct expansion e;

		expansion_init(&e, &pieces, format_of(a), no_limit);
		CHECK_INT(a->name, read_all(out, sizeof(out), &size, &e, &err), SHMPUB_ERR_SYS);
		CHECK_STR(a->name, err.message, "no disk");
		expansion_free(&e);
	}
}

static void test_no_memory(const struct archive *a)
{
	long live = mem_live(), n = 0;
	char out[1000];
	size_t size;
	int r;

	do {
		struct pieces p = { (const char *)a->bytes, a->size, 0, SIZE_MAX };
		struct byte_source pieces = source_of(&p);
		struct expansion e;

		expansion_init(&e, &pieces, format_of(a), no_limit);
		mem_fail_after(n++);
		r = read_all(out, sizeof(out), &size, &e, NULL);
		mem_fail_after(-1);
		CHECK("no memory, or all of it", r == SHMPUB_ERR_NOMEM || r == 0);
		expansion_free(&e);
		CHECK_INT("nothing is left", mem_live(), live);
	} while (r);
	CHECK("there were requests", n > 1);
}

static void test_not_built_in(void)
{
	const struct expand_format format = { "best", "b", 1, NULL };
	const struct byte_source memory = byte_source_of(span_str("best"));
	struct shmpub_error err;
	struct expansion e;
	char out[100];
	size_t size;

	expansion_init(&e, &memory, &format, no_limit);
	CHECK_INT("refused", read_all(out, sizeof(out), &size, &e, &err), SHMPUB_ERR_INVALID);
	CHECK_STR("told", err.message, "compressed by best, which this shmpubd was built without");
	expansion_free(&e);
}

static void test_formats(void)
{
	static const char *const others[] = { "", "\x1F", "a,b\n", "\x1F\x8C", "PK\x03\x04" };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		CHECK("no archive", expand_format_of(span_str(others[i])) == NULL);
}

int main(void)
{
	test_formats();
	test_not_built_in();
	for (size_t i = 0; i < ARRAY_LEN(archives); i++) {
		const struct archive *a = &archives[i];

		CHECK("known", format_of(a) != NULL);
		CHECK_STR("name", format_of(a)->name, a->name);
		if (format_of(a)->kind == NULL) /* it was not built in */
			continue;
		test_text(a);
		test_truncated(a);
		test_flipped(a);
		test_limit(a);
		test_failures_of_the_source(a);
		test_no_memory(a);
	}
	return check_report();
}
