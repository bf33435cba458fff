#include "catalog/catalog_parts.h"

#include <assert.h>
#include <stddef.h>

#include "base/atomic.h"
#include "base/crc32.h"
#include "base/error.h"
#include "base/name.h"
#include "base/utf8.h"

/*
 * The catalog is the only memory that processes share and change; one process writes,
 * all others read. Every word that changes is stored and loaded by one atomic access.
 * Wider data is guarded by a counter: a reader loads the counter, copies, and loads it
 * again, and the copy is good if the counter has not changed.
 *
 * The guard of the two descriptors is the sequence: the writer fills the descriptor that
 * is not current and then stores the new sequence. So while the sequence stays the same,
 * nobody writes the descriptor that it selects. This needs successive sequences to differ
 * in their last bit; the publisher sees to that.
 *
 * The guard of a whole slot is its generation, because the slot of a removed feed may be
 * given to another feed. The generation is odd while that is under way, and is greater
 * by two after it. A reader that remembers a slot compares the generation after it has
 * loaded words of the slot.
 *
 * A reader trusts nothing in the file: it compares the sizes with the mapping once, and
 * from then on uses the size of the mapping only. A slot with an impossible name counts
 * as free.
 */

static_assert(sizeof(struct catalog_header) == CATALOG_HEADER_SIZE, "header");
static_assert(sizeof(struct catalog_slot) == CATALOG_SLOT_SIZE, "slot");
static_assert(sizeof(struct catalog_descriptor) == 128, "descriptor");
#define AT(type, field, offset) static_assert(offsetof(struct type, field) == (offset), #field)
AT(catalog_header, magic, 0);
AT(catalog_header, version, 8);
AT(catalog_header, header_size, 12);
AT(catalog_header, slot_size, 16);
AT(catalog_header, max_feeds, 20);
AT(catalog_header, incompatible, 24);
AT(catalog_header, compatible, 32);
AT(catalog_header, epoch, 40);
AT(catalog_header, instance, 48);
AT(catalog_header, reserved0, 96);
AT(catalog_header, crc, 100);
AT(catalog_header, reserved1, 104);
AT(catalog_header, wake, 128);
AT(catalog_header, state, 132);
AT(catalog_header, heartbeat_ns, 136);
AT(catalog_header, pid, 144);
AT(catalog_header, started_ns, 152);
AT(catalog_header, n_slots, 160);
AT(catalog_header, segment_bytes, 168);
AT(catalog_header, held_bytes, 176);
AT(catalog_header, heartbeat_interval_ms, 184);
AT(catalog_header, process_start, 192);
AT(catalog_header, process_namespace, 200);
AT(catalog_header, sequence_floor, 208);
AT(catalog_header, max_bytes, 216);
AT(catalog_header, resident_bytes, 224);
AT(catalog_header, config_loads, 232);
AT(catalog_header, config_load_ns, 240);
AT(catalog_header, config_result, 248);
AT(catalog_header, bell_turn, 256);
AT(catalog_header, reserved3, 260);
AT(catalog_header, config_good_ns, 264);
AT(catalog_header, errors_segment, 272);
AT(catalog_header, errors_size, 280);
AT(catalog_header, reserved2, 288);
AT(catalog_descriptor, sequence, 0);
AT(catalog_descriptor, segment, 8);
AT(catalog_descriptor, size, 16);
AT(catalog_descriptor, rows, 24);
AT(catalog_descriptor, columns, 32);
AT(catalog_descriptor, published_ns, 40);
AT(catalog_descriptor, source_mtime_ns, 48);
AT(catalog_descriptor, read_ns, 56);
AT(catalog_descriptor, parse_ns, 64);
AT(catalog_descriptor, source_size, 72);
AT(catalog_descriptor, skipped_rows, 80);
AT(catalog_descriptor, reserved, 88);
AT(catalog_slot, name, 0);
AT(catalog_slot, state, 48);
AT(catalog_slot, wake, 52);
AT(catalog_slot, sequence, 56);
AT(catalog_slot, descriptors, 64);
AT(catalog_slot, refreshes, 320);
AT(catalog_slot, unchanged, 328);
AT(catalog_slot, failures, 336);
AT(catalog_slot, consecutive_failures, 344);
AT(catalog_slot, last_attempt_ns, 352);
AT(catalog_slot, interval_ms, 360);
AT(catalog_slot, held_bytes, 368);
AT(catalog_slot, error_sequence, 376);
AT(catalog_slot, error, 384);
AT(catalog_slot, generation, 896);
AT(catalog_slot, n_errors, 904);
AT(catalog_slot, n_files, 912);
AT(catalog_slot, reserved, 920);
#undef AT

/*
 * If the data changes during this many copies, the answer is "none", and the caller may ask again.
 */
#define COPY_TRIES 1000

uint32_t catalog_n_slots(const struct catalog *c)
{
	uint64_t used = load_acquire_u64(&catalog_header(c)->n_slots);
	uint32_t room = catalog_room(c);

	return used < room ? (uint32_t)used : room;
}

bool catalog_has_slot(const struct catalog *c, uint32_t i)
{
	const struct catalog_slot *slot;

	if (i >= catalog_n_slots(c))
		return false;
	slot = &catalog_slots(c)[i];
	return load_relaxed_u64((const uint64_t *)(const void *)slot->name) != 0 ||
	       load_relaxed_u32(&slot->state) != SLOT_FREE ||
	       load_relaxed_u64(&slot->generation) != 0;
}

uint32_t catalog_header_crc(const struct catalog_header *h)
{
	return crc32(h, offsetof(struct catalog_header, crc));
}

const char *catalog_wrong_with(const struct catalog_header *h, size_t size)
{
	uint64_t want;

	if (size < CATALOG_HEADER_SIZE)
		return "shorter than a header";
	if (memcmp(h->magic, CATALOG_MAGIC, sizeof(h->magic)) != 0)
		return "no catalog's magic";
	if (h->version != CATALOG_VERSION)
		return "another format version";
	if (h->crc != catalog_header_crc(h))
		return "checksum of the header differs";
	if (h->incompatible != 0)
		return "features that this version does not know";
	if (h->header_size != CATALOG_HEADER_SIZE || h->slot_size != CATALOG_SLOT_SIZE)
		return "sizes of another format";
	if (memchr(h->instance, '\0', sizeof(h->instance)) == NULL || h->epoch == 0)
		return "no instance or epoch";
	if (h->max_feeds == 0 || h->max_feeds > CATALOG_MAX_FEEDS)
		return "a number of slots that no catalog has";
	want = CATALOG_HEADER_SIZE + (uint64_t)h->max_feeds * CATALOG_SLOT_SIZE;
	if (size < want)
		return "shorter than its table";
	return NULL;
}

void catalog_close(struct catalog *c)
{
	shm_bell_close(&c->bell);
	shm_discard(&c->map);
	*c = CATALOG_NONE;
}

void catalog_clean_line(char *line, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	}
	while ((at += utf8_valid_prefix(span_of(line + at, size - at))) < size)
		line[at] = '?';
}

/* --- reading ---------------------------------------------------------------------------------- */

int catalog_open_reader(struct catalog *out, const struct shm_dir *dir, struct shmpub_error *err)
{
	struct catalog c = CATALOG_NONE;
	struct catalog_header header; /* a copy: the owner of the file may change it meanwhile */
	const char *wrong;
	int r;

	*out = CATALOG_NONE;
	r = shm_map_read(&c.map, &c.stat, dir, "catalog", err);
	if (r != 0)
		return r;
	if (c.map.size >= sizeof(header))
		memcpy(&header, c.map.addr, sizeof(header));
	wrong = catalog_wrong_with(&header, c.map.size);
	if (wrong != NULL) {
		catalog_close(&c);
		return error_set(err, SHMPUB_ERR_FORMAT, "%s/catalog: %s", dir->path, wrong);
	}
	c.max_feeds = header.max_feeds;
	shm_bell_open(&c.bell, dir, &catalog_header(&c)->bell_turn);
	*out = c;
	return 0;
}

/* Copy the words of a name. They may change meanwhile: compare the generation afterwards. */
static void load_name(char out[CATALOG_NAME_SIZE], const struct catalog_slot *slot)
{
	const uint64_t *from = (const uint64_t *)(const void *)slot->name;
	uint64_t words[CATALOG_NAME_WORDS];

	for (size_t i = 0; i < CATALOG_NAME_WORDS; i++)
		words[i] = load_relaxed_u64(from + i);
	memcpy(out, words, sizeof(words));
	out[CATALOG_NAME_SIZE - 1] = '\0'; /* for hostile bytes: names are shorter than that */
}

bool catalog_slot_stays(const struct catalog_slot *slot, uint64_t generation)
{
	fence_acquire();
	return load_relaxed_u64(&slot->generation) == generation;
}

bool catalog_slot_named(char out[CATALOG_NAME_SIZE], uint64_t *generation,
                        const struct catalog_slot *slot)
{
	for (int try = 0; try < COPY_TRIES; try++) {
		uint32_t state;

		*generation = load_acquire_u64(&slot->generation);
		state = load_acquire_u32(&slot->state);
		load_name(out, slot);
		if (!catalog_slot_stays(slot, *generation))
			continue;
		return (*generation & 1) == 0 && state != SLOT_FREE && state <= SLOT_REMOVED &&
		       name_is_feed(span_str(out));
	}
	return false;
}

const struct catalog_slot *catalog_slot_at(const struct catalog *c, uint32_t i)
{
	char name[CATALOG_NAME_SIZE];
	uint64_t generation;

	if (i >= catalog_n_slots(c) || !catalog_slot_named(name, &generation, &catalog_slots(c)[i]))
		return NULL;
	return &catalog_slots(c)[i];
}

struct catalog_slot *catalog_own_slot(const struct catalog *c, uint32_t i)
{
	return &catalog_slots(c)[i];
}

uint32_t catalog_slot_index(const struct catalog *c, const struct catalog_slot *slot)
{
	return (uint32_t)(slot - catalog_slots(c));
}

bool catalog_slot_is(const struct catalog_slot *slot, struct span name, uint64_t *generation)
{
	char own[CATALOG_NAME_SIZE];

	/* Nearly every slot belongs to another feed, which the name alone tells, at less cost. */
	load_name(own, slot);
	return span_is(name, own) && catalog_slot_named(own, generation, slot) &&
	       span_is(name, own);
}

const struct catalog_slot *catalog_find(const struct catalog *c, struct span name)
{
	uint64_t generation;

	if (!name_is_feed(name))
		return NULL;
	for (uint32_t i = 0; catalog_has_slot(c, i); i++) {
		if (catalog_slot_is(&catalog_slots(c)[i], name, &generation))
			return &catalog_slots(c)[i];
	}
	return NULL;
}

bool catalog_descriptor(struct catalog_descriptor *out, const struct catalog_slot *slot)
{
	uint64_t words[CATALOG_DESCRIPTOR_WORDS];

	for (int try = 0; try < COPY_TRIES; try++) {
		uint64_t sequence = load_acquire_u64(&slot->sequence);
		const uint64_t *from =
		        (const uint64_t *)(const void *)&slot->descriptors[sequence & 1];

		if (sequence == 0)
			return false;
		for (size_t i = 0; i < CATALOG_DESCRIPTOR_WORDS; i++)
			words[i] = load_relaxed_u64(from + i);
		fence_acquire();
		if (load_relaxed_u64(&slot->sequence) == sequence) {
			memcpy(out, words, sizeof(*out));
			return out->sequence == sequence;
		}
	}
	return false;
}

void catalog_error(char out[CATALOG_ERROR_SIZE], const struct catalog_slot *slot)
{
	const uint64_t *from = (const uint64_t *)(const void *)slot->error;
	uint64_t words[CATALOG_ERROR_WORDS];

	for (int try = 0; try < COPY_TRIES; try++) {
		uint64_t sequence = load_acquire_u64(&slot->error_sequence);

		for (size_t i = 0; i < CATALOG_ERROR_WORDS; i++)
			words[i] = load_relaxed_u64(from + i);
		fence_acquire();
		if ((sequence & 1) == 0 && load_relaxed_u64(&slot->error_sequence) == sequence) {
			memcpy(out, words, CATALOG_ERROR_SIZE);
			out[CATALOG_ERROR_SIZE - 1] = '\0';
			catalog_clean_line(out, strlen(out));
			return;
		}
	}
	out[0] = '\0';
}
