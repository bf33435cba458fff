/* lib/catalog: taking over, slots, descriptors, error lines, hostile files. */
#include "unit/check.h"
#include "unit/scratch.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/utf8.h"
#include "catalog/catalog_parts.h"

static const struct shm_access access_all = { .mode = 0644, .gid = -1 };

static void open_dir(struct shm_dir *dir, const struct scratch *s)
{
	struct shmpub_error err;

	if (shm_dir_make(dir, s->path, "cat", &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
}

static int open_writer(struct catalog *c, const struct shm_dir *dir, uint32_t max_feeds)
{
	struct shmpub_error err;

	return catalog_open_writer(c, dir, "cat", max_feeds, &access_all, &err);
}

static void test_slots(const struct shm_dir *dir)
{
	struct catalog c, reader;
	struct catalog_slot *a, *b, *again;
	struct shmpub_error err;

	CHECK_INT("no catalog yet", catalog_open_reader(&reader, dir, &err), SHM_ABSENT);
	CHECK_INT("open", open_writer(&c, dir, 2), 0);
	CHECK_INT("take", catalog_slot_take(&a, &c, span_str("a"), &err), 0);
	CHECK_INT("take another", catalog_slot_take(&b, &c, span_str("b.c-d"), &err), 0);
	CHECK("two slots", a != b);
	CHECK_INT("take again", catalog_slot_take(&again, &c, span_str("a"), &err), 0);
	CHECK("same slot", again == a);
	CHECK_INT("full", catalog_slot_take(&again, &c, span_str("z"), &err), SHMPUB_ERR_LIMIT);
	CHECK_STR("full says", err.message,
	          "feed z: all 2 slots of the catalog are taken (max_feeds)");
	CHECK_INT("reader", catalog_open_reader(&reader, dir, &err), 0);
	CHECK_INT("slots seen", catalog_n_slots(&reader), 2);
	CHECK("found", catalog_find(&reader, span_str("b.c-d")) != NULL);
	CHECK("a prefix is not found", catalog_find(&reader, span_str("b.c")) == NULL);
	CHECK("a longer one is not found", catalog_find(&reader, span_str("b.c-de")) == NULL);
	CHECK("no name is not found", catalog_find(&reader, span_str("")) == NULL);
	CHECK("below the end", catalog_slot_at(&reader, 1) != NULL);
	CHECK("beyond the end", catalog_slot_at(&reader, 2) == NULL);
	catalog_close(&reader);
	catalog_close(&c);
	catalog_close(&c);
}

static const struct {
	const char *label;
	const char *name;
} bad_names[] = {
	{ "empty", "" },      { "hidden", ".x" },
	{ "slash", "a/b" },   { "dash first", "-a" },
	{ "space", "a b" },   { "41 bytes", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "control", "a\n" }, { "latin-1", "caf\xE9" },
};

static void test_names(const struct shm_dir *dir)
{
	struct catalog c;
	struct catalog_slot *slot;
	struct shmpub_error err;

	CHECK_INT("open", open_writer(&c, dir, 8), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad_names); i++)
		CHECK_INT(bad_names[i].label,
		          catalog_slot_take(&slot, &c, span_str(bad_names[i].name), &err),
		          SHMPUB_ERR_INVALID);
	CHECK_INT("40 bytes",
	          catalog_slot_take(&slot, &c, span_str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	                            &err),
	          0);
	CHECK_INT("no slots", open_writer(&(struct catalog){ .map = { .fd = -1 } }, dir, 0),
	          SHMPUB_ERR_INVALID);
	catalog_close(&c);
}

static void test_descriptor(const struct shm_dir *dir)
{
	struct catalog c, reader;
	struct catalog_slot *slot;
	const struct catalog_slot *seen;
	struct catalog_descriptor d = { .rows = 10 }, got;
	struct shmpub_error err;

	CHECK_INT("open", open_writer(&c, dir, 8), 0);
	CHECK_INT("take", catalog_slot_take(&slot, &c, span_str("q"), &err), 0);
	CHECK_INT("reader", catalog_open_reader(&reader, dir, &err), 0);
	seen = catalog_find(&reader, span_str("q"));
	CHECK("none yet", !catalog_descriptor(&got, seen));
	for (uint64_t i = 7; i < 12; i++) {
		uint32_t wake = seen->wake, all = catalog_header(&reader)->wake;

		d.sequence = i;
		d.rows = 10 * i;
		catalog_publish(&c, slot, &d);
		CHECK("there", catalog_descriptor(&got, seen));
		CHECK_INT("sequence", got.sequence, i);
		CHECK_INT("rows", got.rows, 10 * i);
		CHECK_INT("slot's wake word", seen->wake, wake + 1);
		CHECK_INT("header's wake word", catalog_header(&reader)->wake, all + 1);
	}
	slot->descriptors[11 & 1].sequence = 5;
	CHECK("a descriptor of another sequence is none", !catalog_descriptor(&got, seen));
	catalog_close(&reader);
	catalog_close(&c);
}

static void test_error_line(const struct shm_dir *dir)
{
	struct catalog c;
	struct catalog_slot *slot;
	struct shmpub_error err;
	char long_line[700], got[CATALOG_ERROR_SIZE];

	CHECK_INT("open", open_writer(&c, dir, 8), 0);
	CHECK_INT("take", catalog_slot_take(&slot, &c, span_str("q"), &err), 0);
	catalog_error(got, slot);
	CHECK_STR("none", got, "");
	catalog_set_error(slot, span_str("row 7: 5 fields"));
	catalog_error(got, slot);
	CHECK_STR("as given", got, "row 7: 5 fields");
	catalog_set_error(slot, span_str("a\x1b[2J\nb\xFFz"));
	catalog_error(got, slot);
	CHECK_STR("bytes for no terminal", got, "a?[2J?b?z");
	for (size_t i = 0; i < sizeof(long_line); i++)
		long_line[i] = "\xE2\x82\xAC"[i % 3];
	catalog_set_error(slot, span_of(long_line, sizeof(long_line)));
	catalog_error(got, slot);
	CHECK_INT("cut between characters", strlen(got), 510);
	CHECK_INT("valid", utf8_valid_prefix(span_str(got)), 510);
	memset(slot->error, 'x', sizeof(slot->error));
	catalog_error(got, slot);
	CHECK_INT("no end of its own", strlen(got), CATALOG_ERROR_SIZE - 1);
	slot->error_sequence |= 1;
	catalog_error(got, slot);
	CHECK_STR("being written for ever", got, "");
	catalog_set_error(slot, SPAN_NONE);
	CHECK_INT("even again", slot->error_sequence & 1, 0);
	catalog_error(got, slot);
	CHECK_STR("cleared", got, "");
	catalog_close(&c);
}

/* What a writer finds of another one: each row spoils one thing and says whether it goes on. */
static const struct {
	const char *label;
	size_t offset;
	uint8_t value;
	bool goes_on;
} left_behind[] = {
	{ "as it was", 200, 0, true },
	{ "magic", 0, 'X', false },
	{ "version", 8, 2, false },
	{ "header size", 13, 0, false },
	{ "slot size", 17, 0, false },
	{ "feeds", 20, 9, false },
	{ "incompatible bit", 24, 1, false },
	{ "compatible bit without a checksum", 32, 1, false },
	{ "epoch", 40, 0xAA, false },
	{ "instance", 48, 'X', false },
	{ "checksum", 100, 0xAA, false },
	{ "stopped", 132, CATALOG_STOPPED, false },
	{ "no state", 132, 0, false },
	{ "more slots than there are", 161, 1, false },
	{ "a slot's name", 4096, '/', false },
	{ "a slot's state", 4096 + 48, 9, false },
	{ "a sequence beyond counting", 4096 + 63, 0xFF, false },
	{ "died in the middle of an error line", 4096 + 376, 1, true },
};

static void test_take_over(const struct shm_dir *dir)
{
	struct catalog c;
	struct catalog_slot *slot;
	struct catalog_descriptor d = { .sequence = 41 };
	struct shmpub_error err;

	for (size_t i = 0; i < ARRAY_LEN(left_behind); i++) {
		const char *label = left_behind[i].label;
		uint64_t epoch;
		uint8_t *byte;

		shm_remove(dir, "catalog", NULL);
		CHECK_INT(label, open_writer(&c, dir, 8), 0);
		epoch = catalog_header(&c)->epoch;
		CHECK_INT(label, catalog_slot_take(&slot, &c, span_str("q"), &err), 0);
		catalog_publish(&c, slot, &d);
		byte = (uint8_t *)c.map.addr + left_behind[i].offset;
		/* An epoch is random: now and then it, or its checksum, has that very byte. */
		*byte = (uint8_t)(left_behind[i].value ^ (*byte == left_behind[i].value));
		catalog_close(&c);
		CHECK_INT(label, open_writer(&c, dir, 8), 0);
		CHECK_INT(label, catalog_header(&c)->epoch == epoch, left_behind[i].goes_on);
		CHECK_INT(label, catalog_n_slots(&c), left_behind[i].goes_on ? 1 : 0);
		slot = (struct catalog_slot *)catalog_find(&c, span_str("q"));
		CHECK_INT(label, slot != NULL && slot->sequence == 41, left_behind[i].goes_on);
		CHECK_INT(label, slot != NULL && (slot->error_sequence & 1) != 0, false);
		catalog_close(&c);
	}
	CHECK_INT("another size", open_writer(&c, dir, 9), 0);
	CHECK_INT("is a new one", catalog_n_slots(&c), 0);
	catalog_close(&c);
}

static void test_put_back(const struct shm_dir *dir)
{
	struct catalog c, old, reader;
	struct catalog_slot *slot;
	struct catalog_descriptor d = { .sequence = 3 };
	struct shmpub_error err;

	CHECK_INT("open", open_writer(&c, dir, 8), 0);
	CHECK_INT("take", catalog_slot_take(&slot, &c, span_str("put"), &err), 0);
	catalog_publish(&c, slot, &d);
	CHECK_INT("reader of the old", catalog_open_reader(&old, dir, &err), 0);
	CHECK_INT("somebody removes it", shm_remove(dir, "catalog", &err), 0);
	CHECK_INT("put back", catalog_put_back(&c, dir, &access_all, &err), 0);
	CHECK_INT("reader", catalog_open_reader(&reader, dir, &err), 0);
	CHECK("epoch", catalog_header(&reader)->epoch == catalog_header(&old)->epoch);
	CHECK_INT("sequence", catalog_find(&reader, span_str("put"))->sequence, 3);
	CHECK_INT("the old one says so", catalog_header(&old)->state, CATALOG_STOPPED);
	CHECK("the new one runs", catalog_header(&reader)->state != CATALOG_STOPPED);
	catalog_close(&old);
	catalog_close(&reader);
	catalog_close(&c);
}

/* A file cut at any length is an error; a byte flipped anywhere is an error or harmless. */
static void test_hostile(const struct shm_dir *dir)
{
	struct catalog c, reader;
	struct catalog_slot *slot;
	struct catalog_descriptor d = { .sequence = 3 };
	struct shmpub_error err;
	int accepted = 0;

	shm_remove(dir, "catalog", NULL);
	CHECK_INT("open", open_writer(&c, dir, 2), 0);
	CHECK_INT("take", catalog_slot_take(&slot, &c, span_str("q"), &err), 0);
	catalog_publish(&c, slot, &d);
	catalog_set_error(slot, span_str("line"));
	for (size_t i = 0; i < CATALOG_HEADER_SIZE + CATALOG_SLOT_SIZE; i++) {
		uint8_t *byte = (uint8_t *)c.map.addr + i;

		*byte ^= 0xFF;
		if (catalog_open_reader(&reader, dir, &err) == 0) {
			struct catalog_descriptor got;
			char line[CATALOG_ERROR_SIZE];
			const struct catalog_slot *seen = catalog_find(&reader, span_str("q"));

			accepted++;
			CHECK("covered by the checksum", i >= 104);
			CHECK("slots within the file", catalog_n_slots(&reader) <= 2);
			for (uint32_t n = 0; n < 300; n++)
				(void)catalog_slot_at(&reader, n);
			if (seen != NULL) {
				(void)catalog_descriptor(&got, seen);
				catalog_error(line, seen);
			}
			catalog_close(&reader);
		}
		*byte ^= 0xFF;
	}
	CHECK_INT("all but what never changes", accepted,
	          CATALOG_HEADER_SIZE + CATALOG_SLOT_SIZE - 104);
	for (size_t size = CATALOG_HEADER_SIZE + 2 * CATALOG_SLOT_SIZE; size-- > 0;
	     size -= size > 5000  ? 37
	             : 511 < size ? 500
	                          : 0) {
		CHECK_INT("shorter", shm_resize(&c.map, size, &err), 0);
		CHECK_INT("cut short", catalog_open_reader(&reader, dir, &err), SHMPUB_ERR_FORMAT);
	}
	catalog_close(&c);
}

/* A file of two pages that claims a million slots: what is looked at are the slots that were used. */
static void test_sparse(const struct shm_dir *dir)
{
	struct catalog c, reader;
	struct catalog_slot *slot;
	struct shm_stat before, after;
	struct shmpub_error err;

	shm_remove(dir, "catalog", NULL);
	CHECK_INT("open", open_writer(&c, dir, CATALOG_MAX_FEEDS), 0);
	CHECK_INT("take", catalog_slot_take(&slot, &c, span_str("q"), &err), 0);
	catalog_header(&c)->n_slots = CATALOG_MAX_FEEDS;
	CHECK_INT("memory", shm_stat_name(&before, dir, "catalog", &err), 0);
	CHECK_INT("read", catalog_open_reader(&reader, dir, &err), 0);
	CHECK("there", catalog_find(&reader, span_str("q")) != NULL);
	CHECK("not there", catalog_find(&reader, span_str("r")) == NULL);
	CHECK("the first", catalog_has_slot(&reader, 0));
	CHECK("no second", !catalog_has_slot(&reader, 1));
	CHECK_INT("memory", shm_stat_name(&after, dir, "catalog", &err), 0);
	CHECK("no hole was read", after.blocks_size <= before.blocks_size + 8192);
	catalog_close(&reader);
	catalog_header(&c)->max_feeds = CATALOG_MAX_FEEDS + 1;
	catalog_header(&c)->crc = catalog_header_crc(catalog_header(&c));
	CHECK_INT("larger than the file", shm_resize(&c.map, c.map.size + CATALOG_SLOT_SIZE, &err),
	          0);
	CHECK_INT("too many", catalog_open_reader(&reader, dir, &err), SHMPUB_ERR_FORMAT);
	catalog_close(&c);
}

int main(void)
{
	struct scratch s = SCRATCH_NONE;
	struct shm_dir dir;

	scratch_open(&s, memory_below);
	open_dir(&dir, &s);
	test_slots(&dir);
	test_names(&dir);
	test_descriptor(&dir);
	test_error_line(&dir);
	test_take_over(&dir);
	test_put_back(&dir);
	test_hostile(&dir);
	test_sparse(&dir);
	shm_dir_close(&dir);
	scratch_close(&s);
	CHECK_INT("nothing left", mem_live(), 0);
	return check_report();
}
