/* daemon/source on Windows: pieces of a file that changes between them. */
#include "unit/check.h"

#include <stdio.h>
#include <windows.h>
#include "base/alloc.h"
#include "source.h"
#include "unit/scratch.h"

static struct scratch folder;
static char path[512];

static void write_file(const char *text)
{
	FILE *f = fopen(path, "wb");

	CHECK("write", f != NULL && fwrite(text, 1, strlen(text), f) == strlen(text));
	fclose(f);
}

static int read_on(struct source *s, char *to, size_t piece, size_t *size)
{
	size_t n = 1;
	int r = SHMPUB_OK;

	*size = 0;
	while (!r && n > 0) {
		r = source_read(s, to + *size, piece, &n, NULL);
		*size += r ? 0 : n;
	}
	return r;
}

static const struct {
	const char *label;
	const char *text; /* NULL: it is not changed */
	int want;
} changes[] = {
	{ "nothing", NULL, SHMPUB_OK },
	{ "rewritten, as large", "a,b\n1,3\n", SOURCE_BUSY },
	{ "it grows", "a,b\n1,2\n3,4\n", SOURCE_BUSY },
	{ "it shrinks", "a,b\n", SOURCE_BUSY },
	{ "it is empty now", "", SOURCE_BUSY },
};

static void test_pieces(void)
{
	struct source_request q = { .path = path, .max_size = 100, .takes_fresh = true };
	struct source s;
	char got[100];
	size_t n, size;

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		write_file("a,b\n1,2\n");
		Sleep(60);
		CHECK_INT("open", source_open(&s, &q, NULL), 0);
		CHECK_INT("peek", source_peek(&s, 4, got, 3, &n, NULL), 0);
		CHECK("bytes of there", n == 3 && memcmp(got, "1,2", 3) == 0);
		CHECK_INT("peek after the end", source_peek(&s, 20, got, 3, &n, NULL), 0);
		CHECK_INT("nothing", n, 0);
		CHECK_INT("a piece", source_read(&s, got, 3, &n, NULL), 0);
		CHECK("from the start", n == 3 && memcmp(got, "a,b", 3) == 0);
		if (changes[i].text != NULL)
			write_file(changes[i].text);
		CHECK_INT(changes[i].label, source_check(&s, NULL), changes[i].want);
		CHECK_INT("rewind", source_rewind(&s, NULL), 0);
		CHECK_INT(changes[i].label, read_on(&s, got, 1, &size), changes[i].want);
		if (changes[i].text == NULL)
			CHECK("all of it", size == 8 && memcmp(got, "a,b\n1,2\n", 8) == 0);
		source_close(&s);
	}
}

int main(void)
{
	scratch_open(&folder, "/tmp");
	snprintf(path, sizeof(path), "%s/source.csv", folder.path);
	test_pieces();
	CHECK_INT("nothing left", mem_live(), 0);
	scratch_close(&folder);
	return check_report();
}
