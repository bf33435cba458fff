/*
 * Writer and readers of one catalog, in threads and through one mapping, so that the
 * thread sanitizer sees every access (through two mappings it would see none).
 *
 * The tables stand for snapshots: plain memory, written before the sequence is stored
 * and read after it was loaded, with nothing else between the threads.
 */
#include "unit/check.h"
#include "unit/scratch.h"

#include <stdatomic.h>

#include "base/atomic.h"
#include "catalog/catalog.h"
#include "shm/shm_thread.h"

#define PUBLICATIONS 20000u
#define READERS 2
#define TABLE_WORDS 8

struct shared {
	struct catalog catalog;
	struct catalog_slot *slot;
	uint64_t (*tables)[TABLE_WORDS]; /* one per sequence, never written again */
	atomic_bool done;
};

struct reader {
	struct shm_thread *thread;
	struct shared *shared;
	uint64_t descriptors, lines, news;
	uint64_t torn_descriptors, torn_lines, torn_tables, backwards;
};

static void describe(struct catalog_descriptor *d, uint64_t sequence)
{
	uint64_t words[sizeof(*d) / 8];

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		words[i] = sequence * 31 + i;
	words[0] = sequence;
	memcpy(d, words, sizeof(*d));
}

static size_t line_of(char line[CATALOG_ERROR_SIZE], uint64_t sequence)
{
	size_t size = 1 + sequence * 7 % (CATALOG_ERROR_SIZE - 1);

	memset(line, (int)('a' + sequence % 26), size);
	line[size] = '\0';
	return size;
}

static void write_all(void *arg)
{
	struct shared *s = arg;
	char line[CATALOG_ERROR_SIZE + 1];
	struct catalog_descriptor d;

	for (uint64_t sequence = 1; sequence <= PUBLICATIONS; sequence++) {
		for (size_t i = 0; i < TABLE_WORDS; i++)
			s->tables[sequence][i] = sequence + i;
		describe(&d, sequence);
		catalog_publish(&s->catalog, s->slot, &d);
		catalog_set_error(s->slot, span_of(line, line_of(line, sequence)));
		catalog_set_state(&s->catalog, s->slot, sequence % 2 ? SLOT_FRESH : SLOT_FAILING);
		catalog_wake(&s->catalog, s->slot);
	}
	atomic_store(&s->done, true);
	catalog_stop(&s->catalog);
}

static void check_line(struct reader *r)
{
	char line[CATALOG_ERROR_SIZE];
	size_t size;

	catalog_error(line, r->shared->slot);
	size = strlen(line);
	r->lines += size > 0;
	for (size_t i = 1; i < size; i++) {
		if (line[i] != line[0]) {
			r->torn_lines++;
			return;
		}
	}
}

static void check_table(struct reader *r, uint64_t sequence)
{
	for (size_t i = 0; i < TABLE_WORDS; i++) {
		if (r->shared->tables[sequence][i] != sequence + i) {
			r->torn_tables++;
			return;
		}
	}
}

static void read_all(void *arg)
{
	struct reader *r = arg;
	struct shared *s = r->shared;
	uint64_t last = 0;

	while (!atomic_load(&s->done)) {
		uint32_t wake = load_acquire_u32(&s->slot->wake);
		struct catalog_descriptor d, want;

		if (catalog_descriptor(&d, s->slot)) {
			r->descriptors++;
			describe(&want, d.sequence);
			r->torn_descriptors += memcmp(&d, &want, sizeof(d)) != 0;
			r->backwards += d.sequence < last;
			r->news += d.sequence > last;
			last = d.sequence;
			check_table(r, d.sequence);
		}
		check_line(r);
		(void)catalog_slot_at(&s->catalog, 0);
		if (load_acquire_u64(&s->slot->sequence) == last)
			(void)shm_bell_wait(&(struct shm_watch){ .bell = &s->catalog.bell,
			                                         .word = &s->slot->wake,
			                                         .seen = wake },
			                    1000);
	}
}

static void race(const struct shm_dir *dir)
{
	static const struct shm_access access = { .mode = 0600, .gid = -1 };
	static uint64_t tables[PUBLICATIONS + 1][TABLE_WORDS];
	struct shared s = { .catalog = CATALOG_NONE, .tables = tables };
	struct reader readers[READERS] = { 0 };
	struct shmpub_error err;
	struct shm_thread *writer;

	CHECK_INT("catalog", catalog_open_writer(&s.catalog, dir, "race", 4, &access, &err), 0);
	CHECK_INT("slot", catalog_slot_take(&s.slot, &s.catalog, span_str("q"), &err), 0);
	for (size_t i = 0; i < READERS; i++) {
		readers[i].shared = &s;
		CHECK_INT("reader",
		          shm_thread_start(&readers[i].thread, read_all, &readers[i], &err), 0);
	}
	CHECK_INT("writer", shm_thread_start(&writer, write_all, &s, &err), 0);
	shm_thread_join(writer);
	for (size_t i = 0; i < READERS; i++) {
		shm_thread_join(readers[i].thread);
		CHECK_INT("torn descriptors", readers[i].torn_descriptors, 0);
		CHECK_INT("torn lines", readers[i].torn_lines, 0);
		CHECK_INT("torn tables", readers[i].torn_tables, 0);
		CHECK_INT("backwards", readers[i].backwards, 0);
		CHECK("something was read", readers[i].descriptors > 0 && readers[i].news > 1);
	}
	catalog_close(&s.catalog);
}

int main(void)
{
	struct scratch scratch = SCRATCH_NONE;
	struct shm_dir dir;
	struct shmpub_error err;

	scratch_open(&scratch, memory_below);
	CHECK_INT("dir", shm_dir_make(&dir, scratch.path, "race", &err), 0);
	race(&dir);
	shm_dir_close(&dir);
	scratch_close(&scratch);
	return check_report();
}
