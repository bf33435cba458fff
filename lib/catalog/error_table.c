#include "catalog/error_table_parts.h"

#include <assert.h>
#include <stddef.h>

#include "base/atomic.h"
#include "base/crc32.h"
#include "base/error.h"
#include "catalog/catalog_parts.h"

/*
 * The error table, for whoever reads it, and what reading and writing share.
 *
 * Each slot of the catalog has a block in the table, and a word in the catalog says how many of the
 * block's entries were ever used: what lies behind them may be a hole of the file. An entry is
 * copied under its guard, as an error line of the catalog is. A block belongs to its slot's feed
 * while both have the same generation.
 *
 * A reader trusts nothing in the file: sizes are compared with the mapping and with the catalog
 * once, and lines are cleaned after they were copied.
 */

static_assert(sizeof(struct error_table_header) == 64, "header");
static_assert(sizeof(struct error_table_entry) == 576, "entry");
static_assert(sizeof(struct error_table_block) == ERROR_TABLE_BLOCK_SIZE, "block");
#define AT(type, field, offset) static_assert(offsetof(struct type, field) == (offset), #field)
AT(error_table_header, version, 8);
AT(error_table_header, header_size, 12);
AT(error_table_header, block_size, 16);
AT(error_table_header, n_entries, 20);
AT(error_table_header, entry_size, 24);
AT(error_table_header, max_feeds, 28);
AT(error_table_header, epoch, 32);
AT(error_table_header, reserved, 40);
AT(error_table_header, crc, 60);
AT(error_table_entry, guard, 0);
AT(error_table_entry, count, 8);
AT(error_table_entry, first_ns, 16);
AT(error_table_entry, last_ns, 24);
AT(error_table_entry, code, 32);
AT(error_table_entry, line, 36);
AT(error_table_entry, text, 64);
AT(error_table_block, generation, 0);
AT(error_table_block, entries, 64);
#undef AT

#define COPY_TRIES 1000

uint32_t error_table_header_crc(const struct error_table_header *h)
{
	return crc32(h, offsetof(struct error_table_header, crc));
}

void error_table_fill_header(struct error_table_header *h, uint32_t max_feeds, uint64_t epoch)
{
	memcpy(h->magic, ERROR_TABLE_MAGIC, sizeof(h->magic));
	h->version = 1;
	h->header_size = ERROR_TABLE_HEADER_SIZE;
	h->block_size = ERROR_TABLE_BLOCK_SIZE;
	h->n_entries = ERROR_TABLE_ENTRIES;
	h->entry_size = sizeof(struct error_table_entry);
	h->max_feeds = max_feeds;
	h->epoch = epoch;
	h->crc = error_table_header_crc(h);
}

const char *error_table_wrong_with(const struct error_table_header *h, size_t size,
                                   uint32_t max_feeds)
{
	if (size < ERROR_TABLE_HEADER_SIZE)
		return "shorter than a header";
	if (memcmp(h->magic, ERROR_TABLE_MAGIC, sizeof(h->magic)) != 0)
		return "no error table's magic";
	if (h->version != 1)
		return "another format version";
	if (h->crc != error_table_header_crc(h))
		return "checksum of the header differs";
	if (h->header_size != ERROR_TABLE_HEADER_SIZE || h->block_size != ERROR_TABLE_BLOCK_SIZE ||
	    h->n_entries != ERROR_TABLE_ENTRIES ||
	    h->entry_size != sizeof(struct error_table_entry))
		return "sizes of another format";
	if (h->max_feeds != max_feeds)
		return "another number of slots than the catalog has";
	if (size < error_table_size(max_feeds))
		return "shorter than its blocks";
	return NULL;
}

void error_table_close(struct error_table *t)
{
	shm_discard(&t->map);
	*t = ERROR_TABLE_NONE;
}

bool error_table_load(struct error_table_entry *out, const struct error_table_entry *entry)
{
	const uint64_t *from = (const uint64_t *)(const void *)entry;
	uint64_t words[ERROR_TABLE_ENTRY_WORDS];

	for (int try = 0; try < COPY_TRIES; try++) {
		uint64_t guard = load_acquire_u64(&entry->guard);

		for (size_t i = 0; i < ERROR_TABLE_ENTRY_WORDS; i++)
			words[i] = load_relaxed_u64(from + i);
		fence_acquire();
		if ((guard & 1) != 0 || load_relaxed_u64(&entry->guard) != guard)
			continue;
		memcpy(out, words, sizeof(*out));
		out->text[sizeof(out->text) - 1] = '\0';
		catalog_clean_line(out->text, strlen(out->text));
		return true;
	}
	return false;
}

/* --- reading ---------------------------------------------------------------------------------- */

int error_table_open_reader(struct error_table *t, struct shm_stat *stat, const struct shm_dir *dir,
                            const struct catalog *c, struct shmpub_error *err)
{
	const struct catalog_header *h = catalog_header(c);
	uint64_t size = load_acquire_u64(&h->errors_size);
	uint32_t max_feeds = c->max_feeds != 0 ? c->max_feeds : catalog_room(c);
	struct error_table_header header = { .version = 0 }; /* a copy: its owner may change it */
	const char *wrong;
	int r;

	*t = ERROR_TABLE_NONE;
	if (size == 0)
		return SHM_ABSENT;
	if (size != error_table_size(max_feeds))
		return error_set(err, SHMPUB_ERR_FORMAT,
		                 "%s/catalog: a size that no error table has", dir->path);
	r = shm_map_snapshot(&t->map, stat, dir, ERROR_TABLE_FILE,
	                     load_relaxed_u64(&h->errors_segment), size, err);
	if (r != 0)
		return r;
	if (t->map.addr != NULL && t->map.size >= sizeof(header))
		memcpy(&header, t->map.addr, sizeof(header));
	wrong = error_table_wrong_with(&header, t->map.size, max_feeds);
	if (wrong == NULL && header.epoch == h->epoch) {
		t->max_feeds = max_feeds;
		return SHMPUB_OK;
	}
	error_table_close(t);
	if (wrong == NULL)
		return SHM_ABSENT; /* of a catalog that was here before */
	return error_set(err, SHMPUB_ERR_FORMAT, "%s/" ERROR_TABLE_FILE ": %s", dir->path, wrong);
}

static void take(struct shmpub_feed_error *out, const struct error_table_entry *e)
{
	*out = (struct shmpub_feed_error){
		.count = e->count,
		.first_ns = e->first_ns,
		.last_ns = e->last_ns,
		.code = e->code <= INT32_MAX ? -(int)e->code : 0,
		.line = e->line,
	};
	memcpy(out->text, e->text, sizeof(out->text));
}

/* Puts an error in its place among those before it, of which the latest is first. */
static void insert(struct shmpub_feed_error *out, size_t n, const struct error_table_entry *e)
{
	while (n > 0 && out[n - 1].last_ns < e->last_ns) {
		out[n] = out[n - 1];
		n--;
	}
	take(&out[n], e);
}

size_t error_table_copy(struct shmpub_feed_error out[ERROR_TABLE_ENTRIES],
                        const struct error_table *t, const struct catalog *c, uint32_t i,
                        uint64_t generation)
{
	const struct catalog_slot *slot = catalog_own_slot(c, i);
	uint64_t n_used = load_acquire_u64(&slot->n_errors);
	const struct error_table_block *block;
	struct error_table_entry e;
	size_t n = 0;

	if (i >= t->max_feeds || n_used == 0 || n_used > ERROR_TABLE_ENTRIES)
		return 0;
	block = error_table_block(t, i);
	if (load_acquire_u64(&block->generation) != generation)
		return 0;
	for (size_t k = 0; k < n_used; k++) {
		if (error_table_load(&e, &block->entries[k]) && e.count != 0)
			insert(out, n++, &e);
	}
	fence_acquire();
	return load_relaxed_u64(&block->generation) == generation &&
	                       catalog_slot_stays(slot, generation)
	               ? n
	               : 0;
}
