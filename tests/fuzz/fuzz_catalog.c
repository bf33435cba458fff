#include "fuzz.h"

#include "base/utf8.h"
#include "catalog/catalog_parts.h"

/*
 * A catalog of any bytes, as a reader has it mapped: what passes the checks at attaching
 * may still be anything, and nothing in it may lead outside the mapping. The first byte
 * says whether the header is made to pass, since no fuzzer finds a checksum.
 */

static void make_pass(struct catalog_header *h, size_t size)
{
	memcpy(h->magic, CATALOG_MAGIC, sizeof(h->magic));
	h->version = CATALOG_VERSION;
	h->header_size = CATALOG_HEADER_SIZE;
	h->slot_size = CATALOG_SLOT_SIZE;
	h->max_feeds = (uint32_t)((size - CATALOG_HEADER_SIZE) / CATALOG_SLOT_SIZE);
	h->incompatible = 0;
	h->epoch |= 1;
	h->instance[sizeof(h->instance) - 1] = '\0';
	h->crc = catalog_header_crc(h);
}

static void read_slot(const struct catalog *c, const struct catalog_slot *slot)
{
	struct catalog_descriptor d;
	char line[CATALOG_ERROR_SIZE];
	char text[CATALOG_NAME_SIZE];
	uint64_t generation;
	struct span name;

	CLAIM(catalog_slot_named(text, &generation, slot));
	CLAIM(catalog_slot_stays(slot, generation));
	name = span_str(text);
	CLAIM(name.size >= 1 && name.size <= SHMPUB_FEED_MAX);
	CLAIM(catalog_find(c, name) != NULL);
	CLAIM(catalog_slot_index(c, slot) < catalog_n_slots(c));
	if (catalog_descriptor(&d, slot))
		CLAIM(d.sequence != 0 && d.sequence == slot->sequence);
	catalog_error(line, slot);
	CLAIM(utf8_valid_prefix(span_str(line)) == strlen(line));
	for (const char *p = line; *p != '\0'; p++)
		CLAIM((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void read_all(const struct catalog *c)
{
	uint32_t n = catalog_n_slots(c);

	CLAIM(n <= catalog_room(c));
	for (uint32_t i = 0; i < n + 2; i++) {
		CLAIM(catalog_slot_at(c, i) == NULL || i < n);
		CLAIM(!catalog_has_slot(c, i) || i < n);
	}
	/* What stands behind a slot that was never used is not looked for. */
	for (uint32_t i = 0; catalog_has_slot(c, i); i++) {
		const struct catalog_slot *slot = catalog_slot_at(c, i);

		if (slot != NULL)
			read_slot(c, slot);
	}
	CLAIM(catalog_find(c, span_str("")) == NULL);
	(void)catalog_find(c, span_str("q"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog c = CATALOG_NONE;
	char *bytes;

	if (size < 1)
		return 0;
	bytes = malloc(size); /* just that size, and aligned as a mapping is */
	CLAIM(bytes != NULL);
	memcpy(bytes, data + 1, size - 1);
	c.map.addr = bytes;
	c.map.size = size - 1;
	if ((data[0] & 1) != 0 && c.map.size >= CATALOG_HEADER_SIZE + CATALOG_SLOT_SIZE)
		make_pass(catalog_header(&c), c.map.size);
	if (catalog_wrong_with(catalog_header(&c), c.map.size) == NULL)
		read_all(&c);
	free(bytes);
	return 0;
}
