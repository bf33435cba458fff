/*
 * Makes a snapshot that grows in a file, and lets it grow: grow_file PATH STATES ROWS PAUSE_US. Row i of the
 * table is i, -i, i / 4, text of i % 7 letters, a bit; every fifth row has nulls but for the first column. When a
 * snapshot is full it goes on in a new one under the same name. Prints the number of snapshots.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "columns/schema.h"
#include "columns/table.h"
#include "snapshot/snapshot.h"

#define COLUMNS 5
#define MOST_ROWS 200000

static int64_t numbers[MOST_ROWS], negative[MOST_ROWS], offsets[MOST_ROWS + 1];
static double quarters[MOST_ROWS];
static char text[MOST_ROWS * 7];
static uint8_t bits[MOST_ROWS / 8 + 1], some[MOST_ROWS / 8 + 1];

static struct shmpub_column columns[COLUMNS] = {
	{ .name = "n", .name_size = 1, .type = SHMPUB_INT64, .values = numbers },
	{ .name = "m", .name_size = 1, .type = SHMPUB_INT64, .values = negative },
	{ .name = "q",
	  .name_size = 1,
	  .type = SHMPUB_FLOAT64,
	  .values = quarters,
	  .validity = some },
	{ .name = "t",
	  .name_size = 1,
	  .type = SHMPUB_TEXT,
	  .offsets = offsets,
	  .text = text,
	  .validity = some },
	{ .name = "b", .name_size = 1, .type = SHMPUB_BOOL, .values = bits },
};

static void fill(void)
{
	int64_t at = 0;

	for (int64_t i = 0; i < MOST_ROWS; i++) {
		bool has = i % 5 != 4;

		numbers[i] = i;
		negative[i] = -i;
		quarters[i] = has ? (double)i / 4 : NAN;
		offsets[i] = at;
		for (int64_t k = 0; has && k < i % 7; k++)
			text[at++] = (char)('a' + (i + k) % 26);
		bit_put(bits, (uint64_t)i, i % 3 == 1);
		bit_put(some, (uint64_t)i, has);
	}
	offsets[MOST_ROWS] = at;
}

struct file {
	int fd;
	void *addr;
	size_t size;
};

static int reserve(void *arg, void **addr, size_t size, struct shmpub_error *err)
{
	struct file *f = arg;

	(void)err;
	if (size <= f->size)
		return SHMPUB_OK;
	if (f->addr != NULL)
		munmap(f->addr, f->size);
	f->addr = NULL;
	if (ftruncate(f->fd, (off_t)size) != 0)
		return SHMPUB_ERR_SYS;
	*addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (*addr == MAP_FAILED)
		return SHMPUB_ERR_SYS;
	f->addr = *addr;
	f->size = size;
	return SHMPUB_OK;
}

static int schema_of(struct schema *out)
{
	int r = schema_init(out, COLUMNS, NULL);

	for (size_t i = 0; r == SHMPUB_OK && i < COLUMNS; i++) {
		out->fields[i].type = columns[i].type;
		r = schema_set_name(out, i, span_of(columns[i].name, 1), NULL);
	}
	return r;
}

static int make(struct snapshot_writer **out, const char *path, uint64_t n_rows,
                const struct snapshot_stamp *stamp)
{
	struct file file = { .size = 0 };
	struct snapshot_memory memory = { .reserve = reserve, .arg = &file };
	struct snapshot_growth growth = { 300, { 2, 4096, 0 } };
	struct snapshot_origin origin = { span_str("grown"), span_str("grown.csv") };
	struct table table = { n_rows, COLUMNS, columns };
	struct schema schema = SCHEMA_NONE;
	char hidden[4096];
	uint64_t size = 0;
	int r = schema_of(&schema);

	snprintf(hidden, sizeof(hidden), "%s.new", path);
	file.fd = open(hidden, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (r == SHMPUB_OK)
		r = snapshot_write_growing(out, &memory, &schema, &table, 2 * n_rows + 1000,
		                           &growth, &origin, stamp, &size, NULL);
	schema_free(&schema);
	if (r == SHMPUB_OK && (ftruncate(file.fd, (off_t)size) != 0 || rename(hidden, path) != 0))
		r = SHMPUB_ERR_SYS;
	close(file.fd);
	return r;
}

int main(int argc, char **argv)
{
	struct snapshot_stamp stamp = { .sequence = 1, .epoch = 1, .published_ns = 1 };
	uint64_t states, rows, pause_us, n = 0, n_files = 0;
	struct snapshot_writer *w = NULL;
	struct table more = { 0, COLUMNS, columns };
	int r = SHMPUB_OK;

	if (argc != 5)
		return 2;
	states = strtoull(argv[2], NULL, 10);
	rows = strtoull(argv[3], NULL, 10);
	pause_us = strtoull(argv[4], NULL, 10);
	fill();
	for (uint64_t i = 0; r == SHMPUB_OK && i < states; i++) {
		struct timespec pause = { 0, (long)pause_us * 1000 };

		stamp.sequence = i + 1;
		more.n_rows = n + rows;
		r = w == NULL ? (int)SNAPSHOT_FULL
		              : snapshot_writer_append(w, &more, n, &stamp, NULL);
		if (r == SNAPSHOT_FULL) { /* what readers have mapped stays */
			snapshot_writer_free(w);
			w = NULL;
			r = make(&w, argv[1], more.n_rows, &stamp);
			n_files++;
		} else if (r == SHMPUB_OK) {
			snapshot_writer_show(w);
		}
		n = more.n_rows;
		nanosleep(&pause, NULL);
	}
	snapshot_writer_free(w);
	printf("%llu\n", (unsigned long long)n_files);
	return r == SHMPUB_OK ? 0 : 1;
}
