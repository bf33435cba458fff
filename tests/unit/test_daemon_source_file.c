/* daemon/source_file: real files that are replaced, cut, grown, and are no files. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "base/alloc.h"
#include "source_file.h"

static char folder[] = "/tmp/shmpub-source-XXXXXX";
static char path[128];

static void write_file(const char *text, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK("write", fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static int read_it(struct buffer *out, struct source_mark *mark, const struct source_mark *seen,
                   uint64_t most, struct shmpub_error *err)
{
	struct source_request q = {
		.path = path, .seen = seen, .max_size = most, .takes_fresh = true
	};

	buffer_free(out);
	return source_read_all(out, mark, &q, err);
}

static int read_named(struct buffer *out, struct source_mark *mark, const char *name, uint64_t most,
                      struct shmpub_error *err)
{
	struct source_request q = { .path = name, .max_size = most, .takes_fresh = true };

	return source_read_all(out, mark, &q, err);
}

/* What was just written to is left alone; what was just replaced, and again, is waited for. */
static void test_fresh(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark = SOURCE_MARK_NONE;
	struct source_request q = { .path = path, .waited = SOURCE_MARK_NONE, .max_size = 100 };
	struct shmpub_error err;

	write_file("1", 1);
	CHECK_INT("fresh", source_read_all(&text, &mark, &q, &err), SOURCE_FRESH);
	q.waited = mark;
	CHECK_INT("nothing was read", text.size, 0);
	write_file("12", 2);
	CHECK_INT("written to again", source_read_all(&text, &mark, &q, &err), SOURCE_FRESH);
	sleep_ms(40);
	CHECK_INT("quiet", source_read_all(&text, &mark, &q, &err), 0);
	CHECK("settled", mark.is_settled);
	q.waited = mark;
	q.waited.inode++; /* as if it had been another file */
	write_file("123", 3);
	buffer_free(&text);
	CHECK_INT("replaced again", source_read_all(&text, &mark, &q, &err), 0);
	CHECK("it was waited for", mark.is_settled);
	q.waited = mark;
	buffer_free(&text);
	write_file("1234", 4);
	CHECK_INT("the same", source_read_all(&text, &mark, &q, &err), SOURCE_FRESH);
	q.waited.born_ns--; /* as if it had been another file with this inode */
	CHECK_INT("replaced", source_read_all(&text, &mark, &q, &err), 0);
	buffer_free(&text);
}

static void test_changes(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark = SOURCE_MARK_NONE, again = SOURCE_MARK_NONE;
	struct shmpub_error err;

	write_file("a,b\n1,2\n", 8);
	CHECK_INT("read", read_it(&text, &mark, NULL, 100, &err), 0);
	CHECK("text", span_is(buffer_span(&text), "a,b\n1,2\n"));
	CHECK("just written: not settled", !mark.is_settled);
	CHECK_INT("an unsettled mark is no mark", read_it(&text, &again, &mark, 100, &err), 0);
	sleep_ms(40);
	CHECK_INT("read", read_it(&text, &mark, NULL, 100, &err), 0);
	CHECK("settled", mark.is_settled);
	CHECK_INT("unchanged", read_it(&text, &again, &mark, 100, &err), SOURCE_UNCHANGED);
	CHECK_INT("nothing was read", text.size, 0);
	write_file("a,b\n1,3\n", 8);
	CHECK_INT("same size, new bytes", read_it(&text, &again, &mark, 100, &err), 0);
	CHECK("new text", span_is(buffer_span(&text), "a,b\n1,3\n"));
	write_file("", 0);
	CHECK_INT("empty", read_it(&text, &mark, &mark, 100, &err), 0);
	CHECK_INT("empty", text.size, 0);
	buffer_free(&text);
}

static void test_limits(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark;
	struct shmpub_error err;

	write_file("12345678", 8);
	CHECK_INT("as large as may be", read_it(&text, &mark, NULL, 8, &err), 0);
	CHECK_INT("larger", read_it(&text, &mark, NULL, 7, &err), SHMPUB_ERR_LIMIT);
	CHECK("it says so", strstr(err.message, "8 bytes, 7 are the most") != NULL);
	buffer_free(&text);
	mem_fail_after(0);
	CHECK_INT("no memory", read_named(&text, &mark, path, 100, &err), SHMPUB_ERR_NOMEM);
	mem_fail_after(-1);
	CHECK_INT("nothing left", mem_live(), 0);
}

/* A file of /proc says that it has no bytes. */
static void test_proc(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark;
	struct shmpub_error err;

	CHECK_INT("proc", read_named(&text, &mark, "/proc/self/status", 1 << 20, &err), 0);
	CHECK("there is text", text.size > 100);
	CHECK("never settled", !mark.is_settled);
	buffer_free(&text);
}

static void make_socket(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t size = strlen(name) + 1;

	CHECK("the name fits", size <= sizeof(a.sun_path));
	memcpy(a.sun_path, name, size < sizeof(a.sun_path) ? size : sizeof(a.sun_path));
	CHECK("socket", fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	close(fd);
}

static void test_no_files(void)
{
	struct buffer text = BUFFER_NONE;
	struct source_mark mark;
	struct shmpub_error err;
	char name[160], link[160];

	CHECK_INT("directory", read_named(&text, &mark, folder, 100, &err), SHMPUB_ERR_INVALID);
	CHECK("it says so", strstr(err.message, "a directory") != NULL);
	snprintf(name, sizeof(name), "%s/fifo", folder);
	CHECK_INT("mkfifo", mkfifo(name, 0600), 0);
	CHECK_INT("a FIFO does not hang", read_named(&text, &mark, name, 100, &err),
	          SHMPUB_ERR_INVALID);
	unlink(name);
	make_socket(name);
	CHECK_INT("socket", read_named(&text, &mark, name, 100, &err), SHMPUB_ERR_INVALID);
	unlink(name);
	CHECK_INT("device", read_named(&text, &mark, "/dev/zero", 100, &err), SHMPUB_ERR_INVALID);
	CHECK_INT("absent", read_named(&text, &mark, name, 100, &err), SHMPUB_ERR_SYS);
	CHECK_INT("errno", err.sys, ENOENT);
	CHECK("the path is told", strncmp(err.message, name, strlen(name)) == 0);
	snprintf(link, sizeof(link), "%s/link", folder);
	CHECK_INT("symlink", symlink("link", link), 0);
	CHECK_INT("a link to itself", read_named(&text, &mark, link, 100, &err), SHMPUB_ERR_SYS);
	unlink(link);
	buffer_free(&text);
}

/* --- written to while it is read ------------------------------------------------------------- */

#define WHOLE ((size_t)1 << 20)
#define PAUSE_NS ((int64_t)5 * 1000 * 1000)

/*
 * A writer that is kept from running in the middle for longer than a tick leaves a
 * quiet, half-written file, which nobody can tell from a whole one: such moments are
 * written down, and only in them may a mixture be read.
 */
static struct {
	atomic_bool enough;
	struct {
		int64_t from, to;
	} pauses[4096];
	size_t n_pauses;
} writer;

static int64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void write_piece(int fd, const char *piece, size_t size, off_t at, int64_t *last)
{
	int64_t now;

	CHECK("piece", pwrite(fd, piece, size, at) == (ssize_t)size);
	now = monotonic_ns();
	if (now - *last > PAUSE_NS && writer.n_pauses < ARRAY_LEN(writer.pauses)) {
		writer.pauses[writer.n_pauses].from = *last;
		writer.pauses[writer.n_pauses++].to = now;
	}
	*last = now;
}

/* The file is all 'a' or all 'b', rewritten in place in many small writes. */
static void *rewrite(void *arg)
{
	static char piece[4096];
	int fd = open(path, O_WRONLY);
	int64_t last;

	(void)arg;
	for (int turn = 0; !atomic_load(&writer.enough); turn++) {
		memset(piece, 'a' + turn % 2, sizeof(piece));
		last = monotonic_ns();
		for (size_t at = 0; at < WHOLE; at += sizeof(piece))
			write_piece(fd, piece, sizeof(piece), (off_t)at, &last);
		sleep_ms(turn % 3 * 15);
	}
	close(fd);
	return NULL;
}

static bool was_pause(int64_t from, int64_t to)
{
	for (size_t i = 0; i < writer.n_pauses; i++) {
		if (writer.pauses[i].from <= to && from <= writer.pauses[i].to)
			return true;
	}
	return false;
}

static void test_written_to(void)
{
	static struct {
		int64_t from, to;
	} mixed[4096];
	char *whole = mem_zalloc(WHOLE, 1);
	struct buffer text = BUFFER_NONE;
	struct source_mark mark;
	int settled = 0, busy = 0, tries = 0;
	size_t n_mixed = 0;
	pthread_t thread;

	memset(whole, 'a', WHOLE);
	write_file(whole, WHOLE);
	CHECK_INT("thread", pthread_create(&thread, NULL, rewrite, NULL), 0);
	while ((settled < 20 || busy < 20) && tries++ < 200000) {
		int64_t from = monotonic_ns();
		int r = read_it(&text, &mark, NULL, 2 * WHOLE, NULL);

		CHECK("read or busy", r == SHMPUB_OK || r == SOURCE_BUSY);
		busy += r == SOURCE_BUSY;
		if (r != SHMPUB_OK || !mark.is_settled)
			continue; /* unsettled: it will be read again */
		settled++;
		CHECK_INT("whole", text.size, WHOLE);
		if (memchr(text.data, text.data[0] ^ 3, WHOLE) && n_mixed < ARRAY_LEN(mixed)) {
			mixed[n_mixed].from = from;
			mixed[n_mixed++].to = monotonic_ns();
		}
	}
	atomic_store(&writer.enough, true);
	pthread_join(thread, NULL);
	CHECK("both were met", settled >= 20 && busy >= 20);
	for (size_t i = 0; i < n_mixed; i++)
		CHECK("mixed only where the writer paused", was_pause(mixed[i].from, mixed[i].to));
	buffer_free(&text);
	mem_free(whole);
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return EXIT_FAILURE;
	snprintf(path, sizeof(path), "%s/source.csv", folder);
	test_changes();
	test_fresh();
	test_limits();
	test_proc();
	test_no_files();
	test_written_to();
	unlink(path);
	rmdir(folder);
	return check_report();
}
