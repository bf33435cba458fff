/*
 * csv2frame [-o KEY=VALUE]... [-t THREADS] [-g] : reads pairs of lines from stdin, a CSV file and
 * where its table goes; writes an Arrow IPC file there, or the message to NAME.error.
 * -g: once more, with the schema of the first time as the guess. -n N: so N times, and the
 * quickest is told. Reports one line per file.
 *
 * For tests/corpus.py and tests/differential: what lib/ingest makes of a file, without a
 * daemon or shared memory.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "csv/options.h"
#include "ingest/ingest.h"
#include "platform/platform.h"
#include "snapshot/snapshot.h"

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct span *memory = arg;
	void *p;

	(void)err;
	if (size > memory->size) {
		p = block_new(size >= 1 << 24 ? 1 << 21 : 64, size);
		if (size >= 1 << 24)
			block_want_large_pages(p, size);
		if (memory->size)
			memcpy(p, memory->data, memory->size);
		memset((char *)p + memory->size, 0xA5, size - memory->size);
		block_free((void *)(uintptr_t)memory->data);
		*memory = span_of(p, size);
	}
	*addr = (void *)(uintptr_t)memory->data;
	return SHMPUB_OK;
}

/* Tasks that threads take in turn. */
struct spread {
	void (*task)(void *arg, size_t i);
	void *arg;
	size_t n, next;
};

static void *take_tasks(void *arg)
{
	struct spread *s = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->n)
		s->task(s->arg, i);
	return NULL;
}

static void run_threads(void *self, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
	size_t n_threads = *(const size_t *)self, started = 0;
	struct spread s = { .task = task, .arg = arg, .n = n };
	pthread_t threads[64];

	while (started < n_threads && started < 64 &&
	       pthread_create(&threads[started], NULL, take_tasks, &s) == 0)
		started++;
	take_tasks(&s);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}

static int convert(struct span *memory, uint64_t *size, struct schema *schema, struct span text,
                   const struct csv_options *options, const struct runner *runner,
                   struct shmpub_error *err)
{
	struct snapshot_memory place = { .reserve = reserve, .arg = memory };
	struct snapshot_origin origin = { span_str("corpus"), SPAN_NONE };
	struct snapshot_stamp stamp = { .sequence = 1 };
	struct snapshot_writer *writer = NULL;
	struct table_sink *sink;
	struct byte_source source = byte_source_of(text);
	struct ingest *in;
	int r = ingest_open(&in, &source, options, schema->n_fields ? schema : NULL, runner, err);

	if (r)
		return r;
	do {
		snapshot_writer_free(writer);
		writer = NULL;
		r = snapshot_writer_new(&writer, &sink, &place, ingest_schema(in),
		                        ingest_capacity(in), &origin, err);
		if (r == 0)
			r = ingest_fill(in, sink, err);
	} while (r == INGEST_RETYPE);
	if (r == 0)
		r = snapshot_writer_text(writer, err);
	stamp.skipped_rows = ingest_skipped_rows(in);
	if (r == 0)
		r = snapshot_writer_finish(writer, &stamp, size, err);
	schema_free(schema);
	if (r == 0)
		r = schema_copy(schema, ingest_schema(in), err);
	snapshot_writer_free(writer);
	ingest_close(in);
	return r;
}

static struct span read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size = 0, room = 1 << 16, n;
	char *data = malloc(room);

	while (f && data && (n = fread(data + size, 1, room - size, f)) > 0) {
		size += n;
		if (size == room)
			data = realloc(data, room *= 2);
	}
	if (f)
		fclose(f);
	/* As the daemon does with large sources. */
	if (size >= 1 << 24) {
		void *huge = block_new(1 << 21, size);

		block_want_large_pages(huge, size);
		memcpy(huge, data, size);
		free(data);
		return span_of(huge, size);
	}
	/* Exactly as many bytes as there are, for the sanitizer to see reads past them. */
	char *exact = block_new(16, size ? size : 1);

	if (data)
		memcpy(exact, data, size);
	free(data);
	return span_of(exact, size);
}

static void write_file(const char *path, const char *suffix, struct span data)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	f = fopen(name, "wb");
	if (f == NULL)
		return;
	fwrite(data.data, 1, data.size, f);
	fclose(f);
}

static bool read_line(char *line, int size)
{
	if (fgets(line, size, stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* Time on the processor, which says more than the clock when others run beside. */
static double now_ms(bool is_threaded)
{
	struct timespec t;

	clock_gettime(is_threaded ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

int main(int argc, char **argv)
{
	static char from[4096], to[4096];
	struct runner runner = { .run = run_threads, .self = &runner.n_threads, .n_threads = 1 };
	struct csv_options *options;
	struct shmpub_error err = { .code = 0 };
	int rounds = 1, r;

	stdio_is_binary();
	if (csv_options_new(&options, &err))
		return 2;
	for (int i = 1; i < argc; i++) {
		char *value = i + 1 < argc ? strchr(argv[i + 1], '=') : NULL;

		if (strcmp(argv[i], "-g") == 0) {
			rounds = 2;
		} else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
			rounds = atoi(argv[++i]);
		} else if (strcmp(argv[i], "-t") == 0 && i + 1 < argc) {
			runner.n_threads = (size_t)atoi(argv[++i]);
		} else if (value &&
		           csv_options_set(options,
		                           span_of(argv[i + 1], (size_t)(value - argv[i + 1])),
		                           span_str(value + 1), &err) == 0) {
			i++;
		} else {
			fprintf(stderr, "csv2frame: %s\n", err.message);
			return 2;
		}
	}
	while (read_line(from, sizeof(from)) && read_line(to, sizeof(to))) {
		struct span text = read_file(from), memory = SPAN_NONE;
		struct schema schema = SCHEMA_NONE;
		uint64_t size = 0;

		r = 0;
		double best = 1e300, began;

		for (int k = 0; k < rounds && r == 0; k++) {
			began = now_ms(runner.n_threads > 1);
			r = convert(&memory, &size, &schema, text, options,
			            runner.n_threads > 1 ? &runner : NULL, &err);
			best = now_ms(runner.n_threads > 1) - began < best
			               ? now_ms(runner.n_threads > 1) - began
			               : best;
		}
		if (r)
			write_file(to, ".error", span_str(err.message));
		else
			write_file(to, ".arrow", span_of(memory.data, size));
		if (rounds > 2)
			printf("%s: %.3f ms, %.0f MB/s\n", from, best,
			       (double)text.size / 1e3 / best);
		else
			printf("%d\n", r);
		fflush(stdout);
		schema_free(&schema);
		block_free((void *)(uintptr_t)text.data);
		block_free((void *)(uintptr_t)memory.data);
	}
	csv_options_free(options);
	return 0;
}
