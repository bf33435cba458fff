/*
 * A reader and a publisher of one instance in a private directory, in one process.
 */
#ifndef SHMPUB_TESTS_READING_H
#define SHMPUB_TESTS_READING_H

#include "shmpub/shmpub.h"

#include "unit/check.h"
#include "unit/scratch.h"

struct bench {
	struct scratch scratch;
	struct shmpub_publisher *publisher;
	struct shmpub_reader *reader;
};

static inline struct shmpub_publisher *open_publisher(const char *directory, int keep)
{
	struct shmpub_publisher_options o = { .directory = directory,
		                              .instance = "unit",
		                              .keep_on_exit = keep };
	struct shmpub_publisher *p;
	struct shmpub_error err = { 0 };

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		fprintf(stderr, "publisher: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return p;
}

static inline void open_bench(struct bench *b)
{
	struct shmpub_reader_options o = { .directory = b->scratch.path, .instance = "unit" };

	scratch_open(&b->scratch, memory_below);
	b->publisher = NULL;
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &o, NULL), SHMPUB_OK);
}

static inline void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	shmpub_publisher_close(b->publisher);
	scratch_close(&b->scratch);
}

static inline int publish(struct shmpub_publisher *p, const char *feed, int64_t value)
{
	struct shmpub_column c = {
		.name = "v", .name_size = 1, .type = SHMPUB_INT64, .values = &value
	};

	return shmpub_publish_columns(p, feed, &c, 1, 1, NULL, NULL);
}

static inline int64_t value_of(const struct shmpub_snapshot *s)
{
	size_t n;

	return ((const int64_t *)shmpub_columns(s, &n)[0].values)[0];
}

#endif
