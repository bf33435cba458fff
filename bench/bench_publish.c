/*
 * bench_publish -d DIRECTORY -i INSTANCE [-t THREADS] [-s SPARE_BYTES]
 *               FEED=FILE[:FILE...] [+KEY=VALUE ...] ...
 *
 * A publisher that refreshes on command and says how long each step took. Refreshes take
 * a feed's files in turn. KEY=VALUE is an option of pandas.read_csv for the feed before it. Commands, a line each:
 *   FEED            one refresh; answered by one JSON object
 *   FEED N MICROS   N refreshes, one every MICROS; answered by one JSON object each, at the end
 *   forget FEED     the next refresh of it starts without the last one's schema; no answer
 *   kernels         answered by one JSON object: the best that this processor can run (base/cpu.h)
 * It lives until its standard input ends. Times are CLOCK_MONOTONIC nanoseconds.
 *
 * It goes the daemon's own way (prepare, commit) with nothing in between: the file is read in the
 * pieces that the engine asks for, the last schema is the first guess, and replaced segments are
 * filled again. read_ns is the time in read(), on whichever thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "csv/options.h"
#include "prepare/prepare.h"
#include "publisher/publisher.h"
#include "shm/shm_thread.h"

enum { MAX_FEEDS = 64, MAX_FILES = 4, MAX_THREADS = 64 };

struct feed {
	const char *name, *files[MAX_FILES];
	size_t n_files, n_reads;
	struct publisher_feed *feed;
	struct csv_options *options;
	struct schema schema;
	int fd;
	uint64_t at, size, read_ns;
	bool was_short;
};

struct times {
	int64_t began_ns, read_ns, prepared_ns, commit_ns, done_ns;
	int64_t worker_ns; /* processor time of this thread from began to prepared */
	struct catalog_descriptor d;
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "bench_publish: %s: %s\n", what, why);
	exit(1);
}

/* --- a runner over threads of its own ----------------------------------------------------------- */

struct spread {
	void (*task)(void *arg, size_t i);
	void *arg;
	size_t n, next;
};

static void take_tasks(void *arg)
{
	struct spread *s = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->n)
		s->task(s->arg, i);
}

static void run_spread(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	size_t n_threads = ((const struct runner *)self)->n_threads;
	struct spread s = { .task = task, .arg = arg, .n = n };
	struct shm_thread *threads[MAX_THREADS];
	size_t started = 0;

	while (started + 1 < n_threads && started + 1 < n &&
	       shm_thread_start(&threads[started], take_tasks, &s, NULL) == SHMPUB_OK)
		shm_thread_part(threads[started++]);
	take_tasks(&s);
	while (started > 0)
		shm_thread_join(threads[--started]);
}

/* As the daemon's runner does (daemon/spread.c). */
static void pause_task(void *self, unsigned n)
{
	(void)self;
	if (n < 2000)
		shm_thread_yield();
	else
		nanosleep(&(struct timespec){ 0 }, NULL);
}

/* --- one refresh -------------------------------------------------------------------------------- */

/* A file as the daemon reads it: in the pieces that the engine asks for. */
static int read_file(void *self, char *to, size_t size, size_t *n, struct shmpub_error *err)
{
	struct feed *f = self;
	int64_t began_ns = shm_monotonic_ns();
	ssize_t got = f->was_short ? 0 : pread(f->fd, to, size, (off_t)f->at);

	(void)err;
	if (got < 0)
		die(f->name, strerror(errno));
	*n = (size_t)got;
	f->at += *n;
	f->was_short = *n < size && f->at == f->size;
	f->read_ns += (uint64_t)(shm_monotonic_ns() - began_ns);
	return SHMPUB_OK;
}

static int rewind_file(void *self, struct shmpub_error *err)
{
	(void)err;
	((struct feed *)self)->at = 0;
	((struct feed *)self)->was_short = false;
	return SHMPUB_OK;
}

static int peek_file(void *self, uint64_t offset, char *to, size_t size, size_t *n,
                     struct shmpub_error *err)
{
	const struct feed *f = self;
	ssize_t got = pread(f->fd, to, size, (off_t)offset);

	(void)err;
	*n = got > 0 ? (size_t)got : 0;
	return SHMPUB_OK;
}

static void open_source(struct feed *f, struct prepare_source *source)
{
	const char *file = f->files[f->n_reads++ % f->n_files];
	struct stat st;

	f->fd = open(file, O_RDONLY | O_CLOEXEC);
	f->at = f->read_ns = 0;
	f->was_short = false;
	if (f->fd < 0 || fstat(f->fd, &st) != 0)
		die(file, strerror(errno));
	f->size = (uint64_t)st.st_size;
	source->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	source->read_ns = &f->read_ns;
	source->bytes = (struct byte_source){ .self = f,
		                              .read = read_file,
		                              .rewind = rewind_file,
		                              .peek = peek_file,
		                              .size = (uint64_t)st.st_size };
}

static int64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct times refresh(struct feed *f, const struct runner *runner)
{
	struct shmpub_error err = { 0 };
	struct prepare_source source = { .origin = { .feed = publisher_feed_name(f->feed) } };
	struct publication *pub;
	struct times t;

	t.worker_ns = -thread_ns();
	t.began_ns = shm_monotonic_ns();
	if (publication_begin(&pub, f->feed, &err))
		die(f->name, err.message);
	open_source(f, &source);
	if (prepare_csv(pub, &t.d, &source, f->options, &f->schema, NULL, runner, &err))
		die(f->name, err.message);
	close(f->fd);
	t.read_ns = (int64_t)f->read_ns;
	t.prepared_ns = shm_monotonic_ns();
	t.worker_ns += thread_ns();
	t.commit_ns = t.prepared_ns;
	if (publication_commit(pub, &t.d, &err))
		die(f->name, err.message);
	t.done_ns = shm_monotonic_ns();
	publisher_feed_report(f->feed, REFRESH_PUBLISHED, NULL);
	return t;
}

/* The most memory that this process ever had, in KiB. getrusage() would add its parent's. */
static long peak_kb(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[128];
	long kb = 0;

	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	}
	if (status)
		fclose(status);
	return kb;
}

static void print_times(const struct feed *f, const struct times *t)
{
	printf("{\"feed\":\"%s\",\"sequence\":%" PRIu64 ",\"rows\":%" PRIu64 ",\"columns\":%" PRIu64
	       ",\"source\":%" PRIu64 ",\"size\":%" PRIu64 ",\"read_ns\":%" PRId64
	       ",\"parse_ns\":%" PRIu64 ",\"sealed_ns\":%" PRId64 ",\"committed_at\":%" PRId64
	       ",\"commit_ns\":%" PRId64 ",\"worker_ns\":%" PRId64 ",\"peak_kb\":%ld}\n",
	       f->name, t->d.sequence, t->d.rows, t->d.columns, t->d.source_size, t->d.size,
	       t->read_ns, t->d.parse_ns, t->prepared_ns - t->began_ns, t->commit_ns,
	       t->done_ns - t->commit_ns, t->worker_ns, peak_kb());
}

static void sleep_until(int64_t at_ns)
{
	struct timespec at = { .tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void refresh_often(struct feed *f, const struct runner *runner, size_t n, long micros)
{
	struct times *times = calloc(n, sizeof(*times));
	int64_t next = shm_monotonic_ns();

	if (times == NULL)
		die(f->name, "no memory");
	for (size_t i = 0; i < n; i++) {
		if (micros > 0)
			sleep_until(next += (int64_t)micros * 1000);
		times[i] = refresh(f, runner);
	}
	for (size_t i = 0; i < n; i++)
		print_times(f, &times[i]);
	free(times);
}

/* --- arguments and commands --------------------------------------------------------------------- */

struct bench {
	struct publisher_options publisher;
	struct runner runner;
	struct publisher *open;
	struct feed feeds[MAX_FEEDS];
	size_t n_feeds;
};

static void add_option(struct feed *f, char *text)
{
	char *equals = strchr(text, '=');
	struct shmpub_error err = { 0 };

	if (equals == NULL)
		die(text, "not +KEY=VALUE");
	if (csv_options_set(f->options, span_of(text, (size_t)(equals - text)),
	                    span_str(equals + 1), &err))
		die(f->name, err.message);
}

static void add_feed(struct bench *b, char *text)
{
	struct feed *f = &b->feeds[b->n_feeds++];
	char *equals = strchr(text, '=');
	struct shmpub_error err = { 0 };

	if (equals == NULL || b->n_feeds > MAX_FEEDS)
		die(text, "not FEED=FILE, or too many");
	*equals = '\0';
	*f = (struct feed){ .name = text, .schema = SCHEMA_NONE };
	for (char *rest = equals + 1, *file; (file = strsep(&rest, ":")) != NULL;) {
		if (f->n_files == MAX_FILES)
			die(text, "too many files");
		f->files[f->n_files++] = file;
	}
	if (csv_options_new(&f->options, &err) ||
	    publisher_feed_open(&f->feed, b->open, span_str(text), 1000, &b->publisher.access,
	                        &err))
		die(text, err.message);
}

static void open_bench(struct bench *b, int argc, char **argv)
{
	struct shmpub_error err = { 0 };
	int option;

	while ((option = getopt(argc, argv, "d:i:t:s:")) != -1) {
		if (option == 'd')
			b->publisher.directory = optarg;
		else if (option == 'i')
			b->publisher.instance = optarg;
		else if (option == 't')
			b->runner.n_threads = strtoul(optarg, NULL, 10);
		else if (option == 's')
			b->publisher.spare_bytes = strtoull(optarg, NULL, 10);
		else
			exit(2);
	}
	if (b->runner.n_threads < 1 || b->runner.n_threads > MAX_THREADS)
		die("-t", "1 to 64 threads");
	if (publisher_open(&b->open, &b->publisher, &err))
		die("publisher_open", err.message);
	for (int i = optind; i < argc; i++) {
		if (argv[i][0] == '+' && b->n_feeds > 0)
			add_option(&b->feeds[b->n_feeds - 1], argv[i] + 1);
		else
			add_feed(b, argv[i]);
	}
	publisher_running(b->open);
}

static struct feed *find_feed(struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_feeds; i++) {
		if (strcmp(b->feeds[i].name, name) == 0)
			return &b->feeds[i];
	}
	die(name, "no such feed");
	return NULL;
}

static void print_kernels(void)
{
	const uint32_t have = cpu_features();

	printf("{\"kernels\":\"%s\"}\n", have & CPU_AVX512 ? "avx512"
	                                 : have & CPU_AVX2 ? "avx2"
	                                                   : "baseline");
}

static void obey(struct bench *b, char *line)
{
	const struct runner *runner = b->runner.n_threads > 1 ? &b->runner : NULL;
	bool forgets = strncmp(line, "forget ", 7) == 0;
	struct feed *f;
	char name[64];
	size_t n = 1;
	long micros = 0;

	if (sscanf(line + (forgets ? 7 : 0), "%63s %zu %ld", name, &n, &micros) < 1)
		return;
	if (strcmp(name, "kernels") == 0) {
		print_kernels();
		return;
	}
	f = find_feed(b, name);
	if (forgets)
		schema_free(&f->schema);
	else
		refresh_often(f, runner, n, micros);
}

int main(int argc, char **argv)
{
	static struct bench b = {
		.publisher = { .spare_bytes = UINT64_C(4) << 30,
		               .access = { .mode = 0644, .gid = -1 } },
		.runner = { .run = run_spread, .n_threads = 1, .pause = pause_task },
	};
	char line[256];

	b.runner.self = &b.runner;
	open_bench(&b, argc, argv);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		obey(&b, line);
		fflush(stdout);
	}
	for (size_t i = 0; i < b.n_feeds; i++) {
		csv_options_free(b.feeds[i].options);
		schema_free(&b.feeds[i].schema);
	}
	publisher_close(b.open);
	return 0;
}
