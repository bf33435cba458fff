/*
 * A publisher and a reader of one instance in a private directory, through the public header.
 */
#ifndef SHMPUB_TESTS_API_H
#define SHMPUB_TESTS_API_H

#include "shmpub/shmpub.h"
#include "unit/check.h"
#include "unit/scratch.h"

static struct scratch scratch;

static inline struct shmpub_publisher *open_publisher(void)
{
	struct shmpub_publisher_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_publisher *p = NULL;
	struct shmpub_error err = { 0 };

	if (shmpub_publisher_open(&p, &o, &err) != SHMPUB_OK) {
		fprintf(stderr, "publisher: %s\n", err.message);
		exit(EXIT_FAILURE);
	}
	return p;
}

static inline struct shmpub_snapshot *newest(const char *feed)
{
	struct shmpub_reader_options o = { .directory = scratch.path, .instance = "unit" };
	struct shmpub_reader *r = NULL;
	struct shmpub_snapshot *s = NULL;

	CHECK_INT("reader", shmpub_reader_open(&r, &o, NULL), SHMPUB_OK);
	(void)shmpub_acquire(&s, r, feed, NULL, NULL);
	shmpub_reader_close(r);
	return s;
}

#endif
