/* daemon/source and daemon/intake: pieces of any size, and sources that change between them. */
#include "unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "intake.h"
#include "source.h"
#include "unit/scratch.h"
#include "wait_word.h"

#define SIZE ((size_t)10000)
#define ROOM (3 * SIZE)

static struct scratch folder;
static char path[200], next[200];
static char text[SIZE];

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static void write_at(const char *name, const char *bytes, size_t size, off_t at, bool is_new)
{
	int fd = open(name, O_WRONLY | O_CREAT | (is_new ? O_TRUNC : 0), 0600);

	CHECK("write", fd >= 0 && pwrite(fd, bytes, size, at) == (ssize_t)size);
	close(fd);
}

/* A file that rests. */
static void make_file(void)
{
	write_at(path, text, SIZE, 0, true);
	sleep_ms(30);
}

static int open_it(struct source *s, const char *name, uint64_t max_size)
{
	struct source_request q = { .path = name,
		                    .takes_fresh = true,
		                    .max_size = max_size,
		                    .spool_directory = folder.path };

	return source_open(s, &q, NULL);
}

/* Reads to the end in pieces of at most `piece` bytes. */
static int read_on(struct source *s, char *to, size_t piece, size_t *size)
{
	size_t n = 1;
	int r = SHMPUB_OK;

	while (!r && n > 0) {
		CHECK("not more than there is", *size + piece <= ROOM);
		r = source_read(s, to + *size, piece, &n, NULL);
		*size += r ? 0 : n;
	}
	return r;
}

static void test_pieces(void)
{
	static const size_t pieces[] = { 1, 3, 64, 4096, SIZE - 1, SIZE, SIZE + 1 };
	char got[ROOM];
	struct source s;

	make_file();
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		size_t size = 0, n;

		CHECK_INT("open", open_it(&s, path, SIZE), 0);
		CHECK("its size is known", source_knows_size(&s) && s.mark.size == SIZE);
		CHECK_INT("read", source_read(&s, got, pieces[i], &n, NULL), 0);
		CHECK_INT("rewind", source_rewind(&s, NULL), 0);
		CHECK_INT("read on", read_on(&s, got, pieces[i], &size), 0);
		CHECK_INT("all of it", size, SIZE);
		CHECK("and as it is", memcmp(got, text, SIZE) == 0);
		CHECK("whole", s.is_whole && s.mark.is_settled);
		CHECK_INT("the end again", source_read(&s, got, 1, &n, NULL), 0);
		CHECK_INT("the end again", n, 0);
		CHECK_INT("check", source_check(&s, NULL), 0);
		source_close(&s);
		source_close(&s);
	}
}

static void test_peek(void)
{
	char got[100], byte;
	struct source s;
	size_t n;

	CHECK_INT("open", open_it(&s, path, SIZE), 0);
	CHECK_INT("read", source_read(&s, got, 50, &n, NULL), 0);
	CHECK_INT("peek", source_peek(&s, 7000, got, 100, &n, NULL), 0);
	CHECK("bytes of there", n == 100 && memcmp(got, text + 7000, 100) == 0);
	CHECK_INT("peek over the end", source_peek(&s, SIZE - 10, got, 100, &n, NULL), 0);
	CHECK_INT("what there is", n, 10);
	CHECK_INT("peek after the end", source_peek(&s, SIZE + 10, got, 100, &n, NULL), 0);
	CHECK_INT("nothing", n, 0);
	CHECK_INT("read on", source_read(&s, &byte, 1, &n, NULL), 0);
	CHECK("where it was", byte == text[50]);
	source_close(&s);
}

/* --- changes between pieces ---------------------------------------------------------------------- */

static void rewrite_one_byte(void)
{
	write_at(path, "x", 1, 3, false);
}

static void grow(void)
{
	write_at(path, "x", 1, SIZE, false);
}

static void shrink(void)
{
	CHECK_INT("truncate", truncate(path, SIZE / 2), 0);
}

static void empty(void)
{
	CHECK_INT("truncate", truncate(path, 0), 0);
}

static void truncate_and_write_again(void)
{
	write_at(path, text, SIZE, 0, true);
}

static void close_to_others(void)
{
	CHECK_INT("chmod", chmod(path, 0400), 0);
	CHECK_INT("chmod", chmod(path, 0600), 0);
}

static void rename_over(void)
{
	write_at(next, "another file", 12, 0, true);
	CHECK_INT("rename", rename(next, path), 0);
}

static void remove_it(void)
{
	CHECK_INT("unlink", unlink(path), 0);
}

static void write_and_remove(void)
{
	rewrite_one_byte();
	remove_it();
}

static const struct {
	const char *label;
	void (*change)(void);
	int want; /* of all that was read */
} changes[] = {
	{ "nothing", NULL, SHMPUB_OK },
	{ "rewritten, as large", rewrite_one_byte, SOURCE_BUSY },
	{ "it grows", grow, SOURCE_BUSY },
	{ "it shrinks", shrink, SOURCE_BUSY },
	{ "it is empty now", empty, SOURCE_BUSY },
	{ "truncated and written again, the same", truncate_and_write_again, SOURCE_BUSY },
	{ "its mode changes", close_to_others, SOURCE_BUSY },
	{ "replaced: the old one is whole", rename_over, SHMPUB_OK },
	{ "removed: the old one is whole", remove_it, SHMPUB_OK },
	{ "written to and removed", write_and_remove, SOURCE_BUSY },
};

/* In the first pass, in the second, and after a pass was over: where it stands is `turn`. */
static void test_change(size_t i, int turn)
{
	char got[ROOM];
	struct source s;
	size_t n, size = 0;
	int r = SHMPUB_OK;

	make_file();
	CHECK_INT("open", open_it(&s, path, SIZE), 0);
	if (turn > 0)
		r = read_on(&s, got, 999, &size);
	CHECK_INT("the first pass", r, 0);
	if (turn == 1)
		CHECK_INT("rewind", source_rewind(&s, NULL), 0);
	if (turn < 2)
		CHECK_INT("a piece", source_read(&s, got, 999, &n, NULL), 0);
	if (changes[i].change != NULL)
		changes[i].change();
	if (turn < 2)
		CHECK_INT(changes[i].label, source_check(&s, NULL), changes[i].want);
	if (turn == 2)
		CHECK_INT("all was read before", source_check(&s, NULL), SHMPUB_OK);
	CHECK_INT("rewind", source_rewind(&s, NULL), 0);
	size = 0;
	CHECK_INT(changes[i].label, read_on(&s, got, 999, &size), changes[i].want);
	if (changes[i].want == SHMPUB_OK)
		CHECK("as it was", size == SIZE && memcmp(got, text, SIZE) == 0);
	source_close(&s);
}

static void test_changes(void)
{
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		for (int turn = 0; turn < 3; turn++)
			test_change(i, turn);
	}
}

/* --- sources that do not say their size ---------------------------------------------------------- */

/* A file of /proc gives other bytes each time: here the number of the call itself. */
static void test_kept(void)
{
	char got[ROOM], again[ROOM], byte;
	size_t size = 0, n;
	struct source s;

	CHECK_INT("open", open_it(&s, "/proc/self/stat", 100000), 0);
	CHECK("its size is not known", !source_knows_size(&s));
	CHECK_INT("peek ahead", source_peek(&s, 30, &byte, 1, &n, NULL), 0);
	CHECK_INT("a byte", n, 1);
	CHECK_INT("read", read_on(&s, got, 7, &size), 0);
	CHECK("there is text", size > 100 && got[30] == byte);
	CHECK("it never rests", s.is_whole && !s.mark.is_settled);
	for (volatile int i = 0; i < 50000000; i++)
		;
	CHECK_INT("rewind", source_rewind(&s, NULL), 0);
	n = 0;
	CHECK_INT("read", read_on(&s, again, 50, &n), 0);
	CHECK("the same bytes", n == size && memcmp(got, again, size) == 0);
	source_close(&s);
}

static void test_without_end(void)
{
	static const struct {
		uint64_t most;
		unsigned line;
	} rows[] = { { 10, 1 }, { 100, 3 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct source_request q = { .path = "/proc/self/status",
			                    .takes_fresh = true,
			                    .max_size = rows[i].most };
		struct shmpub_error err = { .message = "" };
		char got[1000], want[200];
		struct source s;
		size_t n = 1;
		int r = source_open(&s, &q, &err);

		while (!r && n > 0)
			r = source_read(&s, got, 20, &n, &err);
		CHECK_INT("more than may be", r, SHMPUB_ERR_LIMIT);
		CHECK("the line is told", err.line >= rows[i].line);
		snprintf(want, sizeof(want),
		         "/proc/self/status:%u: more than %u bytes and no end so far, max_bytes is "
		         "%u",
		         (unsigned)err.line, (unsigned)rows[i].most, (unsigned)rows[i].most);
		CHECK_STR("message", err.message, want);
		source_close(&s);
	}
}

/* --- the bytes on their way ---------------------------------------------------------------------- */

static uint64_t read_ns, word;

static void begin(struct intake *in, struct source *s)
{
	CHECK_INT("open", open_it(s, path, SIZE), 0);
	intake_begin(in, s, 77);
	in->read_ns = &read_ns;
	in->waiting = &word;
}

static int take(const struct byte_source *b, size_t piece, size_t most)
{
	char got[SIZE + 1];
	size_t n = 1, at = 0;
	int r = SHMPUB_OK;

	while (!r && n > 0 && at < most) {
		r = b->read(b->self, got, piece, &n, NULL);
		at += n;
	}
	return r;
}

static void test_intake(void)
{
	static const size_t pieces[] = { 1, 7, 63, 64, 65, 5000, SIZE + 1 };
	const uint64_t hash = content_hash(span_of(text, SIZE), 77);
	struct byte_source b;
	struct source s;
	struct intake in;

	make_file();
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		begin(&in, &s);
		b = intake_bytes(&in);
		CHECK_INT("size", b.size, SIZE);
		CHECK_INT("a part", take(&b, 10, 100), 0);
		CHECK_INT("again", b.rewind(b.self, NULL), 0);
		CHECK_INT("a larger part", take(&b, 3 * pieces[i], SIZE / 2), 0);
		CHECK("no hash before the end", pieces[i] > SIZE || intake_hash(&in) == 0);
		CHECK_INT("again", b.rewind(b.self, NULL), 0);
		CHECK_INT("all", take(&b, pieces[i], SIZE_MAX), 0);
		CHECK("each byte counts once", intake_hash(&in) == hash && in.n_hashed == SIZE);
		CHECK_INT("end", intake_end(&in, SHMPUB_OK, NULL), 0);
		CHECK_INT("of the content", intake_end(&in, SHMPUB_ERR_CSV, NULL), SHMPUB_ERR_CSV);
		source_close(&s);
	}
	CHECK("reading takes time", read_ns > 0);
	begin(&in, &s);
	in.known_hash = hash;
	b = intake_bytes(&in);
	CHECK_INT("the same", take(&b, 999, SIZE_MAX), SOURCE_UNCHANGED);
	source_close(&s);
	begin(&in, &s);
	in.known_hash = hash;
	CHECK_INT("the same, before", intake_hash_only(&in, NULL), SOURCE_UNCHANGED);
	source_close(&s);
	begin(&in, &s);
	in.known_hash = hash + 1;
	b = intake_bytes(&in);
	CHECK_INT("another", intake_hash_only(&in, NULL), 0);
	CHECK_INT("from the start", take(&b, 999, SIZE_MAX), 0);
	CHECK("the hash", intake_hash(&in) == hash);
	source_close(&s);
}

/* A small source is there whole before the engine begins; a large one is left alone. */
static void test_read_ahead(void)
{
	struct byte_source b;
	struct source s;
	struct intake in;

	make_file();
	begin(&in, &s);
	CHECK_INT("ahead", intake_read_ahead(&in, NULL), 0);
	CHECK("complete", in.is_complete && s.is_whole);
	b = intake_bytes(&in);
	CHECK("in memory", b.whole.size == SIZE && memcmp(b.whole.data, text, SIZE) == 0);
	CHECK("its hash", intake_hash(&in) == content_hash(span_of(text, SIZE), 77));
	shrink();
	CHECK_INT("what is there is of one state", intake_end(&in, SHMPUB_OK, NULL), 0);
	intake_free(&in);
	source_close(&s);
	make_file();
	begin(&in, &s);
	s.mark.size++;
	CHECK_INT("fewer bytes than it said", intake_read_ahead(&in, NULL), SOURCE_BUSY);
	intake_free(&in);
	source_close(&s);
	begin(&in, &s);
	s.mark.size = (uint64_t)1 << 30;
	CHECK_INT("large", intake_read_ahead(&in, NULL), 0);
	CHECK("nothing was read", in.ahead.data == NULL && in.n_hashed == 0);
	source_close(&s);
	CHECK_INT("open", open_it(&s, "/proc/self/stat", SIZE), 0);
	intake_begin(&in, &s, 1);
	CHECK_INT("of unknown size", intake_read_ahead(&in, NULL), 0);
	CHECK("nothing was read", in.ahead.data == NULL);
	source_close(&s);
}

/* A torn text makes a bad table: that is not told of the file. */
static void test_torn(void)
{
	struct byte_source b;
	struct source s;
	struct intake in;

	make_file();
	begin(&in, &s);
	b = intake_bytes(&in);
	CHECK_INT("a part", take(&b, 999, SIZE / 2), 0);
	shrink();
	CHECK_INT("bad or torn", intake_end(&in, SHMPUB_ERR_CSV, NULL), SOURCE_BUSY);
	source_close(&s);
}

static void test_given_up(void)
{
	struct shmpub_error err;
	struct byte_source b;
	struct source s;
	struct intake in;
	char got[10];
	size_t n;

	make_file();
	begin(&in, &s);
	b = intake_bytes(&in);
	CHECK_INT("a part", take(&b, 10, 10), 0);
	CHECK("it does not wait", wait_word_since_ms(&word) == 0);
	CHECK("given up at once", wait_word_begin(&word) && wait_word_give_up(&word));
	CHECK_INT("no more", b.read(b.self, got, 10, &n, &err), SHMPUB_ERR_SYS);
	CHECK_INT("nor there", b.peek(b.self, 5, got, 10, &n, &err), SHMPUB_ERR_SYS);
	CHECK("a failure of the source", in.is_failed);
	word = 0;
	source_close(&s);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/source.csv", folder.path);
	snprintf(next, sizeof(next), "%s/next.csv", folder.path);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)('a' + i * i % 26);
	test_pieces();
	test_peek();
	test_changes();
	test_kept();
	test_without_end();
	test_intake();
	test_read_ahead();
	test_torn();
	test_given_up();
	scratch_close(&folder);
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
