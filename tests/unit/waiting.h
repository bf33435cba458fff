/*
 * A reader that waits for a publisher's feed in a thread, until its wait is ended.
 */
#ifndef SHMPUB_TESTS_WAITING_H
#define SHMPUB_TESTS_WAITING_H

#include "shmpub/shmpub.h"

#include <stdatomic.h>

#include "unit/check.h"
#include "unit/scratch.h"

#define PATIENCE_MS 30000 /* a bound against hanging, never a measurement */

struct bench {
	struct scratch scratch;
	struct shmpub_publisher *publisher;
	struct shmpub_reader *reader;
	struct shmpub_reader_options options;
};

static inline void publish(struct bench *b, int64_t value)
{
	struct shmpub_column c = {
		.name = "v", .name_size = 1, .type = SHMPUB_INT64, .values = &value
	};

	CHECK_INT("publish", shmpub_publish_columns(b->publisher, "a", &c, 1, 1, NULL, NULL),
	          SHMPUB_OK);
}

static inline void open_publisher(struct bench *b)
{
	struct shmpub_publisher_options o = { .directory = b->scratch.path, .instance = "unit" };

	CHECK_INT("publisher", shmpub_publisher_open(&b->publisher, &o, NULL), SHMPUB_OK);
}

static inline void open_bench(struct bench *b)
{
	scratch_open(&b->scratch, memory_below);
	b->options = (struct shmpub_reader_options){ .directory = b->scratch.path,
		                                     .instance = "unit" };
	open_publisher(b);
	publish(b, 1);
	CHECK_INT("reader", shmpub_reader_open(&b->reader, &b->options, NULL), SHMPUB_OK);
}

static inline void close_bench(struct bench *b)
{
	shmpub_reader_close(b->reader);
	shmpub_publisher_close(b->publisher);
	scratch_close(&b->scratch);
}

/* --- waits that are ended ------------------------------------------------------------------------ */

struct waiter {
	struct bench *b;
	_Atomic int is_waiting;
	bool is_for_any;
	int result;
};

static inline void wait_for_news(void *arg)
{
	struct waiter *w = arg;
	struct shmpub_mark seen;
	uint64_t change = 0;

	(void)shmpub_newest(&seen, w->b->reader, "a", NULL);
	(void)shmpub_wait_any(w->b->reader, &change, 0, NULL);
	atomic_store(&w->is_waiting, 1);
	w->result = w->is_for_any ? shmpub_wait_any(w->b->reader, &change, PATIENCE_MS, NULL)
	                          : shmpub_wait(w->b->reader, "a", &seen, PATIENCE_MS, NULL);
}

#endif
