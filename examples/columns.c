/*
 * Typed columns, published from C as they lie in memory: no text is made or parsed.
 *
 *     example_columns [INSTANCE [DIRECTORY]]
 *
 *     >>> import shmpub
 *     >>> shmpub.subscribe("measured", instance="columns").df
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "shmpub/shmpub.h"

#define N_ROWS 6

static const int64_t second = 1000000; /* the unit of `time` is a microsecond */

static int publish(struct shmpub_publisher *publisher, int64_t version, struct shmpub_mark *mark,
                   struct shmpub_error *err)
{
	/* What was measured. */
	int64_t time[N_ROWS];
	double value[N_ROWS];
	static const uint8_t value_there[] = { 0x2F }; /* row 4 has no value: bits 0 1 2 3 5 */

	/* A category: codes into a short list of names. */
	static const char names[] = "northsouth";
	static const int64_t name_offsets[] = { 0, 5, 10 };
	static const uint8_t station[N_ROWS] = { 0, 1, 0, 1, 0, 1 };
	const struct shmpub_column station_names = {
		.type = SHMPUB_TEXT, .n_rows = 2, .offsets = name_offsets, .text = names
	};

	/* Bits, least significant first. */
	static const uint8_t is_checked[] = { 0x15 };

	const struct shmpub_column columns[] = {
		{ .name = "time",
		  .name_size = 4,
		  .type = SHMPUB_TIMESTAMP,
		  .unit = SHMPUB_MICROSECOND,
		  .timezone = "UTC",
		  .index = 1,
		  .values = time },
		{ .name = "station",
		  .name_size = 7,
		  .type = SHMPUB_TEXT,
		  .values = station,
		  .code_size = 1,
		  .dictionary = &station_names },
		{ .name = "value",
		  .name_size = 5,
		  .type = SHMPUB_FLOAT64,
		  .values = value,
		  .validity = value_there },
		{ .name = "is_checked",
		  .name_size = 10,
		  .type = SHMPUB_BOOL,
		  .values = is_checked },
	};

	for (int i = 0; i < N_ROWS; i++) {
		time[i] = (1767225600 + version * 60 + i * 10) * second; /* from 2026-01-01 */
		value[i] = sin((double)(version + i));
	}
	return shmpub_publish_columns(publisher, "measured", columns,
	                              sizeof(columns) / sizeof(columns[0]), N_ROWS, mark, err);
}

int main(int argc, char **argv)
{
	struct shmpub_publisher_options where = { .instance = argc > 1 ? argv[1] : "columns",
		                                  .directory = argc > 2 ? argv[2] : NULL };
	struct shmpub_publisher *publisher = NULL;
	struct shmpub_mark mark;
	struct shmpub_error err;
	char line[80];
	int r;

	printf("Enter publishes again, end of input ends\n");
	r = shmpub_publisher_open(&publisher, &where, &err);
	for (int64_t version = 0; r == SHMPUB_OK; version++) {
		r = publish(publisher, version, &mark, &err);
		if (r == SHMPUB_OK)
			printf("measured %llu\n", (unsigned long long)mark.sequence);
		fflush(stdout);
		if (r == SHMPUB_OK && fgets(line, sizeof(line), stdin) == NULL)
			break;
	}
	shmpub_publisher_close(publisher);
	if (r)
		fprintf(stderr, "example_columns: %s\n", err.message);
	return r ? 1 : 0;
}
