#include "unit/check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cat_rows.h"
#include "tools/golden_tables.h"

/*
 * The owner of a snapshot rewrites it in place, without pause, with another one of the same
 * size, while a reader attaches, verifies and shows it. Any answer will do, and any cell; the
 * reader may die of none of it. The sanitizers see what it reads outside of its copies, and
 * a page that can't be read lies behind the bytes.
 */

#define ROUND_MS 100 /* per pair */

struct file {
	char *bytes;
	size_t size;
};

static struct file write_file(const struct golden *g)
{
	struct golden_memory bytes = { NULL, NULL, 0 };
	struct snapshot_memory memory = { .reserve = golden_reserve, .arg = &bytes };
	struct file f = { NULL, 0 };
	uint64_t size = 0;

	CHECK_INT(g->name, golden_write(&memory, g, &size, NULL), SHMPUB_OK);
	f.bytes = malloc(size);
	if (f.bytes == NULL)
		abort();
	memcpy(f.bytes, bytes.addr, size);
	f.size = size;
	golden_release(&bytes);
	return f;
}

/* Longer by what means nothing: zeros between the last body and the end of the stream. */
static struct file stretch(struct file f, size_t size)
{
	uint32_t footer;
	size_t end;
	char *bytes = calloc(1, size);

	if (bytes == NULL)
		abort();
	memcpy(&footer, f.bytes + f.size - 10, sizeof(footer));
	end = f.size - 10 - footer - 8;
	memcpy(bytes, f.bytes, end);
	memcpy(bytes + size - (f.size - end), f.bytes + end, f.size - end);
	free(f.bytes);
	return (struct file){ bytes, size };
}

/* --- the reader ------------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void show(const struct snapshot_view *v)
{
	struct out out = OUT_NONE;
	uint64_t n = v->table.n_rows < 400 ? v->table.n_rows : 400;

	(void)cat_csv(&out, &v->table, &(struct cat_range){ 0, n, true });
	(void)cat_json(&out, &v->table, &(struct cat_range){ 0, n, true });
	(void)out_end(&out);
}

static void look(struct span bytes, enum snapshot_check check)
{
	struct snapshot_view v = SNAPSHOT_VIEW_NONE;
	struct shmpub_error err;

	if (snapshot_view_init(&v, bytes, check, &err) == SHMPUB_OK)
		show(&v);
	snapshot_view_free(&v);
}

static void read_for_a_while(struct span bytes)
{
	int64_t end = now_ms() + ROUND_MS;
	int nowhere = open("/dev/null", O_WRONLY);

	if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
		_exit(2);
	do {
		look(bytes, SNAPSHOT_CHECK_BOUNDS);
		look(bytes, SNAPSHOT_CHECK_FULL);
	} while (now_ms() < end);
	_exit(0);
}

/* --- the writer ------------------------------------------------------------------------------------ */

static void swap(const char *label, const struct file *a, const struct file *b)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (a->size + 64 + page - 1) / page * page;
	char *base = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	                  0);
	char *at = base + (room - a->size) / 64 * 64;
	int status = 0;
	pid_t pid;

	if (base == MAP_FAILED || mprotect(base + room, page, PROT_NONE) != 0)
		abort();
	memcpy(at, a->bytes, a->size);
	pid = fork();
	if (pid == 0)
		read_for_a_while(span_of(at, a->size));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		memcpy(at, b->bytes, b->size);
		memcpy(at, a->bytes, a->size);
	}
	CHECK(label, WIFEXITED(status) && WEXITSTATUS(status) == 0);
	munmap(base, room + page);
}

static void test_tables(void)
{
	for (size_t i = 1; i < GOLDEN_COUNT; i++) {
		struct file a = write_file(&golden_tables[i - 1]),
		            b = write_file(&golden_tables[i]);

		if (a.size < b.size)
			a = stretch(a, b.size);
		else
			b = stretch(b, a.size);
		swap(golden_tables[i].name, &a, &b);
		free(a.bytes);
		free(b.bytes);
	}
}

int main(void)
{
	golden_fill();
	test_tables();
	return check_report();
}
