/*
 * docs/FORMAT.md, "Slots are given again": names that come and go for ever in a catalog of
 * few slots, seen by readers of the old names, and by the next writer after a death.
 */
#include "unit/check.h"
#include "unit/scratch.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "catalog/catalog.h"
#include "shm/shm_thread.h"

static const struct shm_access access_all = { .mode = 0644, .gid = -1 };
static struct shmpub_error err;

static void open_writer(struct catalog *c, const struct shm_dir *dir, uint32_t max_feeds)
{
	CHECK_INT("writer", catalog_open_writer(c, dir, "cat", max_feeds, &access_all, &err), 0);
}

static struct catalog_slot *take(struct catalog *c, const char *name)
{
	struct catalog_slot *slot = NULL;

	CHECK_INT(name, catalog_slot_take(&slot, c, span_str(name), &err), 0);
	return slot;
}

static void put(struct catalog *c, struct catalog_slot *slot, uint64_t sequence, uint64_t rows)
{
	struct catalog_descriptor d = { .sequence = sequence, .rows = rows };

	catalog_publish(c, slot, &d);
}

/* --- one slot, two names ----------------------------------------------------------------------- */

static void test_given(const struct shm_dir *dir)
{
	struct catalog c, reader;
	struct catalog_slot *a, *b;
	const struct catalog_slot *seen;
	struct catalog_descriptor d;
	char line[CATALOG_ERROR_SIZE], name[CATALOG_NAME_SIZE];
	uint64_t generation = 1;
	uint32_t wake;

	open_writer(&c, dir, 2);
	CHECK_INT("all free", catalog_free_slots(&c), 2);
	a = take(&c, "a");
	b = take(&c, "b");
	put(&c, a, 41, 1);
	put(&c, b, 7, 2);
	catalog_set_error(a, span_str("of a"));
	a->failures = 3;
	CHECK_INT("none free", catalog_free_slots(&c), 0);
	CHECK_INT("reader", catalog_open_reader(&reader, dir, &err), 0);
	seen = catalog_find(&reader, span_str("a"));
	CHECK("a's", catalog_slot_is(seen, span_str("a"), &generation) && generation == 0);
	catalog_set_state(&c, a, SLOT_REMOVED);
	CHECK_INT("a removed one is free", catalog_free_slots(&c), 1);
	CHECK("its name finds it", take(&c, "a") == a);
	CHECK_INT("and its sequence", a->sequence, 41);
	wake = a->wake;
	CHECK("another name has it", take(&c, "c") == a);
	CHECK("who sleeps on it hears", a->wake != wake);
	CHECK("no more a's", !catalog_slot_stays(seen, generation));
	CHECK("a is nowhere", catalog_find(&reader, span_str("a")) == NULL);
	CHECK("c is there", catalog_find(&reader, span_str("c")) == seen);
	CHECK("of the next generation", catalog_slot_named(name, &generation, seen));
	CHECK_STR("name", name, "c");
	CHECK_INT("generation", generation, 2);
	CHECK_INT("floor", catalog_header(&reader)->sequence_floor, 41);
	CHECK_INT("never published", seen->sequence, 0);
	CHECK("no descriptor", !catalog_descriptor(&d, seen));
	CHECK_INT("no failures", seen->failures, 0);
	catalog_error(line, seen);
	CHECK_STR("no line", line, "");
	CHECK_INT("full again", catalog_slot_take(&a, &c, span_str("z"), &err), SHMPUB_ERR_LIMIT);
	catalog_close(&reader);
	catalog_close(&c);
}

/* --- a death between any two steps ------------------------------------------------------------- */

static void raise_floor(struct catalog *c, struct catalog_slot *slot)
{
	catalog_header(c)->sequence_floor = slot->sequence;
}

static void next_generation(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	slot->generation++;
}

static void clear_state(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	slot->state = SLOT_FREE;
}

static void clear_sequence(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	slot->sequence = 0;
}

static void clear_name(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	memset(slot->name, 0, sizeof(slot->name));
}

static void clear_half(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	memset(slot->descriptors, 0, sizeof(slot->descriptors) / 2);
	slot->error_sequence |= 1;
}

static void write_half_a_name(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	memcpy(slot->name, "new-and-", 8);
}

static void write_name(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	memcpy(slot->name, "new-and-long", 12);
}

static void set_state(struct catalog *c, struct catalog_slot *slot)
{
	(void)c;
	slot->state = SLOT_NEVER;
}

/* In FORMAT.md's order; the writer dies behind each of them. */
static const struct {
	const char *label;
	void (*step)(struct catalog *c, struct catalog_slot *slot);
	const char *name; /* that readers find, when the next writer has begun */
} steps[] = {
	{ "floor", raise_floor, "old" },
	{ "odd generation", next_generation, NULL },
	{ "state cleared", clear_state, NULL },
	{ "sequence cleared", clear_sequence, NULL },
	{ "name cleared", clear_name, NULL },
	{ "in the error line", clear_half, NULL },
	{ "half a name", write_half_a_name, NULL },
	{ "name", write_name, NULL },
	{ "even generation", next_generation, NULL },
	{ "state", set_state, "new-and-long" },
};

static void die_after(const struct shm_dir *dir, size_t n)
{
	const char *label = steps[n].label;
	struct catalog c, reader;
	struct catalog_slot *slot;
	uint64_t epoch, generation;
	char name[CATALOG_NAME_SIZE] = "";

	shm_remove(dir, "catalog", NULL);
	open_writer(&c, dir, 1);
	slot = take(&c, "old");
	put(&c, slot, 41, 1);
	catalog_set_state(&c, slot, SLOT_REMOVED);
	epoch = catalog_header(&c)->epoch;
	for (size_t i = 0; i <= n; i++)
		steps[i].step(&c, slot);
	catalog_close(&c);
	open_writer(&c, dir, 1);
	CHECK(label, catalog_header(&c)->epoch == epoch);
	CHECK_INT(label, catalog_n_slots(&c), 1);
	CHECK_INT(label, catalog_open_reader(&reader, dir, &err), 0);
	slot = (struct catalog_slot *)catalog_slot_at(&reader, 0);
	CHECK_INT(label, slot != NULL, steps[n].name != NULL);
	if (slot != NULL && catalog_slot_named(name, &generation, slot))
		CHECK_STR(label, name, steps[n].name);
	CHECK_INT(label, catalog_header(&c)->sequence_floor, 41);
	if (slot != NULL)
		catalog_set_state(&c, (struct catalog_slot *)catalog_slot_at(&c, 0), SLOT_REMOVED);
	slot = take(&c, "third");
	CHECK_INT(label, slot->generation & 1, 0);
	CHECK_INT(label, slot->sequence, 0);
	CHECK_INT(label, slot->error_sequence & 1, 0);
	CHECK(label, catalog_find(&reader, span_str("third")) != NULL);
	CHECK(label, catalog_find(&reader, span_str("old")) == NULL);
	catalog_close(&reader);
	catalog_close(&c);
}

static void test_deaths(const struct shm_dir *dir)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		die_after(dir, i);
}

/* --- a reader beside the writer ---------------------------------------------------------------- */

#define NAMES 7
#define ROUNDS 20000u
#define MOST 20000000u

struct beside {
	struct catalog c;
	uint32_t stop;
	uint64_t seen, wrong;
};

static void name_of(char out[32], unsigned i)
{
	snprintf(out, 32, "feed-with-a-long-name-%u", i);
}

static void read_beside(void *arg)
{
	struct beside *b = arg;
	struct catalog_descriptor d;
	char name[CATALOG_NAME_SIZE], want[32];
	uint64_t generation, last[NAMES] = { 0 };

	while (load_acquire_u32(&b->stop) == 0) {
		for (uint32_t i = 0; i < 2; i++) {
			const struct catalog_slot *slot = catalog_slot_at(&b->c, i);

			if (slot == NULL || !catalog_slot_named(name, &generation, slot) ||
			    !catalog_descriptor(&d, slot) || !catalog_slot_stays(slot, generation))
				continue;
			add_relaxed_u64(&b->seen, 1);
			name_of(want, (unsigned)d.rows);
			b->wrong += strcmp(name, want) != 0 || d.sequence <= last[d.rows];
			last[d.rows] = d.sequence - 1;
		}
	}
}

static void test_beside(const struct shm_dir *dir)
{
	struct beside b = { .c = CATALOG_NONE };
	struct shm_thread *thread;
	char name[32];

	shm_remove(dir, "catalog", NULL);
	open_writer(&b.c, dir, 2);
	CHECK_INT("thread", shm_thread_start(&thread, read_beside, &b, &err), 0);
	/* On a busy machine the reader may not have had its turn by then. */
	for (unsigned i = 0; i < ROUNDS || (load_relaxed_u64(&b.seen) == 0 && i < MOST); i++) {
		struct catalog_slot *slot;

		name_of(name, i % NAMES);
		slot = take(&b.c, name);
		catalog_set_state(&b.c, slot, SLOT_FRESH);
		for (int n = 1; n < 4; n++)
			put(&b.c, slot,
			    (slot->sequence ? slot->sequence
			                    : catalog_header(&b.c)->sequence_floor) +
			            1,
			    i % NAMES);
		catalog_set_state(&b.c, slot, SLOT_REMOVED);
	}
	store_release_u32(&b.stop, 1);
	shm_thread_join(thread);
	CHECK("the reader saw some", b.seen > 0);
	CHECK_INT("every descriptor is its name's, and none is older", b.wrong, 0);
	catalog_close(&b.c);
}

int main(void)
{
	static void (*const tests[])(const struct shm_dir *) = { test_given, test_deaths,
		                                                 test_beside };

	for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
		struct scratch s = SCRATCH_NONE;
		struct shm_dir dir;

		scratch_open(&s, memory_below);
		CHECK_INT("dir", shm_dir_make(&dir, s.path, "cat", &err), 0);
		tests[i](&dir);
		shm_dir_close(&dir);
		scratch_close(&s);
		CHECK_INT("memory given back", mem_live(), 0);
	}
	return check_report();
}
