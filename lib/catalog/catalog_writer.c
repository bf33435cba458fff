#include "catalog/catalog_parts.h"

#include <assert.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/name.h"

/*
 * Writing the catalog. The file is sparse, and shm_room() must allocate a page before it
 * is written: writing to a hole when the tmpfs is full is SIGBUS.
 *
 * New feeds get slots that were never used, and the slots of removed feeds only when
 * there are no others. So a removed feed that comes back usually finds its own slot and
 * counters.
 *
 * A catalog that a crashed publisher left is used again, with its epoch and sequences,
 * if nothing in it contradicts the format. The catalog of a publisher that stopped in
 * order is not, because its readers were told that nothing more would come there.
 */

/* --- writing: giving the slot of a removed feed to another ------------------------------------- */

static void store_words(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t word = 0;

		if (from != NULL)
			memcpy(&word, (const char *)from + 8 * i, 8);
		store_relaxed_u64((uint64_t *)to + i, word);
	}
}

/*
 * The state is cleared first: a reader that does not look at the generation then finds a free slot.
 * The wake word and the guard of the error line are not cleared, because a reader may sleep on the
 * one, or be copying the error line under the other.
 */
static void clear_slot(struct catalog_slot *slot)
{
	store_release_u32(&slot->state, SLOT_FREE);
	store_relaxed_u64(&slot->sequence, 0);
	store_words(slot->name, NULL, CATALOG_NAME_WORDS);
	store_words(slot->descriptors, NULL, 2 * CATALOG_DESCRIPTOR_WORDS);
	store_relaxed_u64(&slot->refreshes, 0);
	store_relaxed_u64(&slot->unchanged, 0);
	store_relaxed_u64(&slot->failures, 0);
	store_relaxed_u64(&slot->consecutive_failures, 0);
	store_relaxed_u64((uint64_t *)&slot->last_attempt_ns, 0);
	store_relaxed_u64(&slot->interval_ms, 0);
	store_relaxed_u64(&slot->held_bytes, 0);
	store_relaxed_u64(&slot->n_errors, 0);
	store_relaxed_u64(&slot->n_files, 0);
	catalog_set_error(slot, SPAN_NONE);
}

static void raise_floor(struct catalog_header *h, uint64_t sequence)
{
	if (sequence > load_relaxed_u64(&h->sequence_floor))
		store_release_u64(&h->sequence_floor, sequence);
}

/*
 * Give the slot to the feed `name`. If the process dies between any two stores, mend_slot() makes
 * the slot free later, and the floor is already right.
 */
static void give_slot(struct catalog_header *h, struct catalog_slot *slot, struct span name)
{
	uint64_t generation = load_relaxed_u64(&slot->generation);
	uint64_t sequence = load_relaxed_u64(&slot->sequence);
	char words[CATALOG_NAME_SIZE] = { 0 };

	memcpy(words, name.data, name.size);
	raise_floor(h, sequence);
	store_release_u64(&slot->generation, generation + 1);
	fence_release(); /* a reader that sees any store below also sees the odd generation */
	clear_slot(slot);
	store_words(slot->name, words, CATALOG_NAME_WORDS);
	store_release_u64(&slot->generation, generation + 2);
	store_release_u32(&slot->state, SLOT_NEVER);
	add_release_u32(&slot->wake, 1);
}

static bool is_free(const struct catalog_slot *slot)
{
	return slot->state == SLOT_FREE || slot->state == SLOT_REMOVED;
}

/* --- writing: opening ------------------------------------------------------------------------- */

static bool slot_is_sane(const struct catalog_slot *slot)
{
	struct span name = span_of(slot->name, strnlen(slot->name, sizeof(slot->name)));

	if (slot->state == SLOT_FREE || (slot->generation & 1) != 0)
		return true; /* free, or will be: see mend_slot() */
	return name_is_feed(name) && slot->state >= SLOT_NEVER && slot->state <= SLOT_REMOVED &&
	       slot->sequence <= CATALOG_MAX_SEQUENCE;
}

/* True when this catalog may be used again: it is whole, and its writer did not stop in order. */
static bool may_take_over(const struct catalog *c, const char *instance, uint32_t max_feeds)
{
	const struct catalog_header *h = catalog_header(c);

	if (c->map.addr == NULL || catalog_wrong_with(h, c->map.size) != NULL)
		return false;
	if (h->max_feeds != max_feeds || strcmp(h->instance, instance) != 0 ||
	    h->n_slots > max_feeds || h->sequence_floor > CATALOG_MAX_SEQUENCE)
		return false;
	if (h->state != CATALOG_STARTING && h->state != CATALOG_RUNNING)
		return false;
	for (uint32_t i = 0; i < h->n_slots; i++) {
		if (!slot_is_sane(&catalog_slots(c)[i]))
			return false;
	}
	return true;
}

/*
 * Store which process this is. Readers ignore pid and start while the namespace is 0, so the
 * namespace is cleared first and stored last.
 */
static void store_process(struct catalog_header *h)
{
	struct shm_process self;

	shm_process_self(&self);
	store_release_u64(&h->process_namespace, 0);
	store_release_u64(&h->pid, self.pid);
	store_release_u64(&h->process_start, self.start);
	store_release_u64(&h->process_namespace, self.space);
}

static void init_state(struct catalog *c)
{
	struct catalog_header *h = catalog_header(c);

	store_relaxed_u64(&h->heartbeat_interval_ms, 0);
	store_relaxed_u64(&h->heartbeat_ns, 0);
	store_process(h);
	store_relaxed_u64((uint64_t *)&h->started_ns, (uint64_t)shm_now_ns());
	store_relaxed_u64(&h->segment_bytes, 0);
	store_relaxed_u64(&h->held_bytes, 0);
	store_relaxed_u64(&h->max_bytes, 0);
	store_relaxed_u64(&h->resident_bytes, 0);
	store_relaxed_u64(&h->config_loads, 0);
	store_relaxed_u64((uint64_t *)&h->config_load_ns, 0);
	store_relaxed_u64(&h->config_result, CATALOG_CONFIG_NONE);
	store_relaxed_u64((uint64_t *)&h->config_good_ns, 0);
	store_release_u32(&h->state, CATALOG_STARTING);
}

/* Complete or undo what the last writer was doing to this slot when it died. */
static void mend_slot(struct catalog_slot *slot)
{
	uint64_t generation = load_relaxed_u64(&slot->generation);

	store_relaxed_u64(&slot->held_bytes, 0);
	if ((generation & 1) != 0) {
		clear_slot(slot);
		store_release_u64(&slot->generation, generation + 1);
	}
	if ((slot->error_sequence & 1) != 0)
		catalog_set_error(slot, SPAN_NONE);
}

static bool is_mine(const struct shm_stat *stat)
{
	struct shm_user me;

	shm_user_self(&me);
	return shm_user_equal(&stat->owner, &me);
}

static int make_bell(struct catalog *c, const struct shm_dir *dir, const struct shm_access *access,
                     struct shmpub_error *err)
{
	return shm_bell_make(&c->bell, dir, &catalog_header(c)->bell_turn, access, err);
}

static int take_over(struct catalog *out, const struct shm_dir *dir, const char *instance,
                     uint32_t max_feeds, const struct shm_access *access, struct shmpub_error *err)
{
	struct catalog c = CATALOG_NONE;
	int r = shm_map_write(&c.map, &c.stat, dir, "catalog", err);

	if (r != 0)
		return SHM_ABSENT; /* nothing usable: the caller makes a new catalog in its place */
	if (!is_mine(&c.stat) || !may_take_over(&c, instance, max_feeds)) {
		catalog_close(&c);
		return SHM_ABSENT;
	}
	r = shm_access_set(&c.map, access, err);
	if (r == 0)
		r = shm_room(&c.map, 0,
		             CATALOG_HEADER_SIZE + catalog_header(&c)->n_slots * CATALOG_SLOT_SIZE,
		             err);
	if (r == 0)
		r = make_bell(&c, dir, access, err);
	if (r != 0) {
		catalog_close(&c);
		return r;
	}
	for (uint32_t i = 0; i < catalog_n_slots(&c); i++)
		mend_slot(&catalog_slots(&c)[i]);
	init_state(&c);
	*out = c;
	return 0;
}

static void fill_header(struct catalog_header *h, const char *instance, uint32_t max_feeds)
{
	memcpy(h->magic, CATALOG_MAGIC, sizeof(h->magic));
	h->version = CATALOG_VERSION;
	h->header_size = CATALOG_HEADER_SIZE;
	h->slot_size = CATALOG_SLOT_SIZE;
	h->max_feeds = max_feeds;
	do
		h->epoch = shm_random();
	while (h->epoch == 0);
	memcpy(h->instance, instance, strlen(instance));
	h->crc = catalog_header_crc(h);
}

/* Put the complete catalog under its name; a file that had the name before is removed. */
static int place(struct catalog *c, const struct shm_dir *dir, const struct shm_access *access,
                 struct shmpub_error *err)
{
	bool exchanged;
	int r = shm_access_set(&c->map, access, err);

	if (r == 0)
		r = shm_stat_map(&c->stat, &c->map, err);
	if (r == 0)
		r = shm_place(dir, CATALOG_HIDDEN, "catalog", &exchanged, err);
	if (r == 0 && exchanged)
		(void)shm_remove(dir, CATALOG_HIDDEN, NULL);
	return r;
}

static int make_file(struct catalog *out, const struct shm_dir *dir, uint32_t max_feeds,
                     uint64_t n_slots, const struct shm_access *access, struct shmpub_error *err)
{
	size_t size = CATALOG_HEADER_SIZE + (size_t)max_feeds * CATALOG_SLOT_SIZE;
	size_t room = CATALOG_HEADER_SIZE + (size_t)n_slots * CATALOG_SLOT_SIZE;
	int r = shm_remove(dir, CATALOG_HIDDEN, err);

	return r != 0 ? r
	              : shm_create_sparse(&out->map, dir, CATALOG_HIDDEN, size, room, access, err);
}

static int make(struct catalog *out, const struct shm_dir *dir, const char *instance,
                uint32_t max_feeds, const struct shm_access *access, struct shmpub_error *err)
{
	struct catalog c = CATALOG_NONE;
	int r = make_file(&c, dir, max_feeds, 0, access, err);

	if (r != 0)
		return r;
	fill_header(catalog_header(&c), instance, max_feeds);
	init_state(&c);
	r = make_bell(&c, dir, access, err);
	if (r == 0)
		r = place(&c, dir, access, err);
	if (r != 0) {
		(void)shm_remove(dir, CATALOG_HIDDEN, NULL);
		catalog_close(&c);
		return r;
	}
	*out = c;
	return 0;
}

int catalog_open_writer(struct catalog *out, const struct shm_dir *dir, const char *instance,
                        uint32_t max_feeds, const struct shm_access *access,
                        struct shmpub_error *err)
{
	int r;

	*out = CATALOG_NONE;
	if (!name_is_instance(span_str(instance)))
		return error_set(err, SHMPUB_ERR_INVALID, "instance name \"%s\"", instance);
	if (max_feeds == 0 || max_feeds > CATALOG_MAX_FEEDS)
		return error_set(err, SHMPUB_ERR_INVALID, "max_feeds %u: want 1 to %u", max_feeds,
		                 CATALOG_MAX_FEEDS);
	r = take_over(out, dir, instance, max_feeds, access, err);
	return r == SHM_ABSENT ? make(out, dir, instance, max_feeds, access, err) : r;
}

int catalog_put_back(struct catalog *c, const struct shm_dir *dir, const struct shm_access *access,
                     struct shmpub_error *err)
{
	uint32_t max_feeds = catalog_header(c)->max_feeds;
	uint64_t n_slots = catalog_n_slots(c);
	struct catalog copy = CATALOG_NONE;
	int r = make_file(&copy, dir, max_feeds, n_slots, access, err);

	if (r != 0)
		return r;
	memcpy(copy.map.addr, c->map.addr,
	       CATALOG_HEADER_SIZE + (size_t)n_slots * CATALOG_SLOT_SIZE);
	r = make_bell(&copy, dir, access, err);
	if (r == 0)
		r = place(&copy, dir, access, err);
	if (r != 0) {
		(void)shm_remove(dir, CATALOG_HIDDEN, NULL);
		catalog_close(&copy);
		return r;
	}
	catalog_stop(c); /* readers of the old file wake up, and look for the new one */
	catalog_close(c);
	*c = copy;
	return 0;
}

void catalog_promise(struct catalog *c, uint64_t heartbeat_interval_ms)
{
	store_release_u64(&catalog_header(c)->heartbeat_interval_ms, heartbeat_interval_ms);
}

void catalog_stop(struct catalog *c)
{
	struct catalog_header *h = catalog_header(c);

	store_release_u32(&h->state, CATALOG_STOPPED);
	for (uint32_t i = 0; i < catalog_n_slots(c); i++) {
		add_release_u32(&catalog_slots(c)[i].wake, 1);
		shm_bell_wake(&catalog_slots(c)[i].wake);
	}
	add_release_u32(&h->wake, 1);
	shm_bell_wake(&h->wake);
	shm_bell_ring(&c->bell);
}

/* --- writing: slots --------------------------------------------------------------------------- */

uint32_t catalog_free_slots(const struct catalog *c)
{
	uint32_t n = catalog_n_slots(c), free = catalog_room(c) - n;

	for (uint32_t i = 0; i < n; i++)
		free += is_free(&catalog_slots(c)[i]);
	return free;
}

static int take_free(struct catalog_slot **out, struct catalog *c, struct span name,
                     struct shmpub_error *err)
{
	for (uint32_t i = 0; i < catalog_n_slots(c); i++) {
		struct catalog_slot *slot = &catalog_slots(c)[i];

		if (!is_free(slot))
			continue;
		give_slot(catalog_header(c), slot, name);
		*out = slot;
		return 0;
	}
	return error_set(err, SHMPUB_ERR_LIMIT,
	                 "feed %.*s: all %u slots of the catalog are taken (max_feeds)",
	                 (int)name.size, name.data, catalog_room(c));
}

static int take_fresh(struct catalog_slot **out, struct catalog *c, struct span name,
                      struct shmpub_error *err)
{
	uint32_t n = catalog_n_slots(c);
	struct catalog_slot *slot = &catalog_slots(c)[n];
	int r = shm_room(&c->map, CATALOG_HEADER_SIZE + (size_t)n * CATALOG_SLOT_SIZE,
	                 CATALOG_SLOT_SIZE, err);

	if (r != 0)
		return r;
	memset(slot, 0, sizeof(*slot));
	memcpy(slot->name, name.data, name.size);
	store_release_u32(&slot->state, SLOT_NEVER);
	store_release_u64(&catalog_header(c)->n_slots, (uint64_t)n + 1);
	*out = slot;
	return 0;
}

int catalog_slot_take(struct catalog_slot **out, struct catalog *c, struct span name,
                      struct shmpub_error *err)
{
	struct catalog_header *h = catalog_header(c);
	struct catalog_slot *slot = (struct catalog_slot *)catalog_find(c, name);
	int r;

	*out = slot;
	if (slot != NULL)
		return 0;
	if (!name_is_feed(name))
		return error_set(err, SHMPUB_ERR_INVALID, "feed name \"%.*s\"", (int)name.size,
		                 name.data);
	if (catalog_n_slots(c) < catalog_room(c))
		r = take_fresh(out, c, name, err);
	else
		r = take_free(out, c, name, err);
	if (r == 0)
		add_release_u32(&h->wake, 1);
	return r;
}

void catalog_raise_floor(struct catalog *c, uint64_t sequence)
{
	raise_floor(catalog_header(c), sequence);
}

void catalog_publish(struct catalog *c, struct catalog_slot *slot,
                     const struct catalog_descriptor *d)
{
	uint64_t *to = (uint64_t *)(void *)&slot->descriptors[d->sequence & 1];
	uint64_t words[CATALOG_DESCRIPTOR_WORDS];
	uint64_t before = load_relaxed_u64(&slot->sequence);

	assert(d->sequence > before && (before == 0 || ((d->sequence ^ before) & 1) == 1));
	(void)before;
	memcpy(words, d, sizeof(words));
	/*
	 * A reader that sees one of the words below also sees the sequence stored last time, which
	 * selects the other descriptor: it knows that its copy of this one is bad.
	 */
	fence_release();
	for (size_t i = 0; i < CATALOG_DESCRIPTOR_WORDS; i++)
		store_relaxed_u64(to + i, words[i]);
	store_release_u64(&slot->sequence, d->sequence);
	add_release_u32(&slot->wake, 1);
	add_release_u32(&catalog_header(c)->wake, 1);
}

void catalog_set_state(struct catalog *c, struct catalog_slot *slot, enum slot_state state)
{
	if (load_relaxed_u32(&slot->state) == (uint32_t)state)
		return;
	store_release_u32(&slot->state, (uint32_t)state);
	if (state == SLOT_REMOVED)
		add_release_u32(&slot->wake, 1);
	add_release_u32(&catalog_header(c)->wake, 1);
}

static size_t cut_line(struct span line)
{
	size_t size = line.size;

	if (size < CATALOG_ERROR_SIZE)
		return size;
	size = CATALOG_ERROR_SIZE - 1;
	while (size > 0 && ((unsigned char)line.data[size] & 0xC0) == 0x80)
		size--;
	return size;
}

void catalog_set_error(struct catalog_slot *slot, struct span line)
{
	uint64_t *to = (uint64_t *)(void *)slot->error;
	uint64_t words[CATALOG_ERROR_WORDS] = { 0 };
	uint64_t sequence = load_relaxed_u64(&slot->error_sequence) | 1;
	size_t size = cut_line(line);

	if (size > 0)
		memcpy(words, line.data, size);
	catalog_clean_line((char *)words, size);
	if (sequence == load_relaxed_u64(&slot->error_sequence))
		sequence +=
		        2; /* it was odd already: an earlier writer died while writing the line */
	store_relaxed_u64(&slot->error_sequence, sequence);
	fence_release();
	for (size_t i = 0; i < CATALOG_ERROR_WORDS; i++)
		store_relaxed_u64(to + i, words[i]);
	store_release_u64(&slot->error_sequence, sequence + 1);
}

void catalog_wake(struct catalog *c, struct catalog_slot *slot)
{
	if (slot != NULL)
		shm_bell_wake(&slot->wake);
	shm_bell_wake(&catalog_header(c)->wake);
	shm_bell_ring(&c->bell);
}
