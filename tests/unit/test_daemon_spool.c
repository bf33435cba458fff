/* daemon/spool: what was written is read again, from memory and from the file, piece by piece. */
#include "unit/check.h"

#include "base/alloc.h"
#include "source.h"
#include "spool.h"
#include "unit/scratch.h"

static struct scratch folder;

static char byte_at(uint64_t offset)
{
	return (char)(offset * 31 + offset / 251);
}

static void fill(struct spool *s, uint64_t size, size_t piece)
{
	char *bytes = mem_alloc(piece);

	while (s->size < size) {
		size_t n = size - s->size < piece ? (size_t)(size - s->size) : piece;

		for (size_t i = 0; i < n; i++)
			bytes[i] = byte_at(s->size + i);
		CHECK_INT("write", spool_write(s, folder.path, span_of(bytes, n), NULL), 0);
	}
	mem_free(bytes);
}

static void check_read(const struct spool *s, uint64_t from, size_t size)
{
	char *bytes = mem_alloc(size);
	bool same = true;
	size_t n = 1;

	for (uint64_t at = from; at < s->size && n > 0; at += n) {
		CHECK_INT("read", spool_read(s, at, bytes, size, &n, NULL), 0);
		CHECK("some", n > 0 && n <= size);
		for (size_t i = 0; i < n; i++)
			same &= bytes[i] == byte_at(at + i);
	}
	CHECK("the same bytes", same);
	CHECK_INT("beyond the end", spool_read(s, s->size, bytes, size, &n, NULL), 0);
	CHECK_INT("nothing", n, 0);
	CHECK_INT("far beyond it", spool_read(s, UINT64_MAX, bytes, size, &n, NULL), 0);
	CHECK_INT("nothing", n, 0);
	mem_free(bytes);
}

static void test_sizes(void)
{
	static const uint64_t sizes[] = { 0,
		                          1,
		                          SPOOL_MEMORY_MAX - 1,
		                          SPOOL_MEMORY_MAX,
		                          SPOOL_MEMORY_MAX + 1,
		                          3 * SPOOL_MEMORY_MAX + 7 };
	static const size_t pieces[] = { 1000, SPOOL_MEMORY_MAX, SPOOL_MEMORY_MAX + 1 };
	long live = mem_live();

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
			struct spool s = SPOOL_NONE;

			fill(&s, sizes[i], pieces[k]);
			CHECK_INT("size", s.size, sizes[i]);
			CHECK("memory or file", (s.file != NULL) == (sizes[i] > SPOOL_MEMORY_MAX));
			CHECK("not both", s.file == NULL || s.memory.data == NULL);
			check_read(&s, 0, 4096);
			check_read(&s, sizes[i] / 2, 100000);
			spool_close(&s);
			CHECK_INT("empty", s.size, 0);
			spool_close(&s);
		}
	}
	CHECK_INT("no block is left", mem_live(), live);
}

static void test_failures(void)
{
	struct spool s = SPOOL_NONE;
	struct shmpub_error err;
	char *bytes = mem_zalloc(1, SPOOL_MEMORY_MAX + 1);
	struct span many = span_of(bytes, SPOOL_MEMORY_MAX + 1);
	long live = mem_live();

	mem_fail_after(0);
	CHECK_INT("no memory", spool_write(&s, folder.path, span_str("a"), &err), SHMPUB_ERR_NOMEM);
	CHECK_INT("no memory for the file", spool_write(&s, folder.path, many, &err),
	          SHMPUB_ERR_NOMEM);
	mem_fail_after(-1);
	CHECK_INT("nothing was kept", s.size, 0);
	spool_close(&s);
	if (shm_names_persist()) { /* elsewhere no instance is a folder */
		CHECK_INT("no folder", spool_write(&s, "/no/such/folder", many, &err),
		          SHMPUB_ERR_SYS);
		CHECK("it is named", strstr(err.message, "/no/such/folder: ") == err.message);
		spool_close(&s);
	}
	mem_free(bytes);
	CHECK_INT("no block is left", mem_live(), live - 1);
}

/* As a source: all bytes, again and again, and nothing changes. */
static void test_source(void)
{
	struct spool spool = SPOOL_NONE;
	struct source_fetched fetched = { &spool, SOURCE_MARK_NONE };
	struct source_request q = { .path = "exec:x", .fetched = &fetched, .max_size = 1 << 20 };
	struct source s = SOURCE_NONE;
	char got[16];
	size_t n;

	CHECK_INT("write", spool_write(&spool, folder.path, span_str("abcdef"), NULL), 0);
	fetched.mark.size = 6;
	fetched.mark.inode = 1;
	CHECK_INT("open", source_open(&s, &q, NULL), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT("read", source_read(&s, got, sizeof(got), &n, NULL), 0);
		CHECK("bytes", span_is(span_of(got, n), "abcdef"));
		CHECK_INT("end", source_read(&s, got, sizeof(got), &n, NULL), 0);
		CHECK("whole", n == 0 && s.is_whole);
		CHECK_INT("peek", source_peek(&s, 3, got, 2, &n, NULL), 0);
		CHECK("bytes", span_is(span_of(got, n), "de"));
		CHECK_INT("check", source_check(&s, NULL), 0);
		CHECK_INT("again", source_rewind(&s, NULL), 0);
	}
	source_close(&s);
	CHECK_INT("the bytes are not the source's", spool.size, 6);
	CHECK("it never rests", !source_mark_equal(&fetched.mark, &fetched.mark));
	spool_close(&spool);
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	test_sizes();
	test_failures();
	test_source();
	scratch_close(&folder);
	return check_report();
}
