#include "fuzz.h"

#include "base/utf8.h"
#include "catalog/catalog_parts.h"
#include "catalog/error_table_parts.h"

/*
 * An error table of any bytes beside a catalog of one slot, as a reader has them mapped. The first
 * byte says whether the header is made to pass, since no fuzzer finds a checksum; the second one is
 * how many entries the catalog says were used.
 */

static char catalog_bytes[CATALOG_HEADER_SIZE + CATALOG_SLOT_SIZE];

static void make_pass(struct error_table_header *h, size_t size)
{
	size_t n = (size - ERROR_TABLE_HEADER_SIZE) / ERROR_TABLE_BLOCK_SIZE;

	error_table_fill_header(h, (uint32_t)n, h->epoch);
}

static void check(const struct shmpub_feed_error *errors, size_t n)
{
	CLAIM(n <= ERROR_TABLE_ENTRIES);
	for (size_t i = 0; i < n; i++) {
		const char *text = errors[i].text;

		CLAIM(errors[i].count != 0 && errors[i].code <= 0);
		CLAIM(i == 0 || errors[i].last_ns <= errors[i - 1].last_ns);
		CLAIM(memchr(text, '\0', sizeof(errors[i].text)) != NULL);
		CLAIM(utf8_valid_prefix(span_str(text)) == strlen(text));
		for (const char *p = text; *p != '\0'; p++)
			CLAIM((unsigned char)*p >= 0x20 && *p != 0x7f);
	}
}

static void read_block(const struct error_table *t, uint64_t n_errors)
{
	struct catalog c = CATALOG_NONE;
	struct shmpub_feed_error errors[ERROR_TABLE_ENTRIES];
	uint64_t generation = error_table_block(t, 0)->generation;

	memset(catalog_bytes, 0, sizeof(catalog_bytes));
	c.map.addr = catalog_bytes;
	c.map.size = sizeof(catalog_bytes);
	catalog_slots(&c)[0].n_errors = n_errors;
	catalog_slots(&c)[0].generation = generation;
	check(errors, error_table_copy(errors, t, &c, 0, generation));
	CLAIM(error_table_copy(errors, t, &c, 0, generation + 2) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error_table t = ERROR_TABLE_NONE;
	const struct error_table_header *h;
	char *bytes;

	if (size < 2)
		return 0;
	bytes = malloc(size); /* aligned as a mapping is */
	CLAIM(bytes != NULL);
	memcpy(bytes, data + 2, size - 2);
	t.map.addr = bytes;
	t.map.size = size - 2;
	h = t.map.addr;
	if ((data[0] & 1) != 0 && t.map.size >= ERROR_TABLE_HEADER_SIZE + ERROR_TABLE_BLOCK_SIZE)
		make_pass(t.map.addr, t.map.size);
	t.max_feeds = t.map.size >= sizeof(*h) ? h->max_feeds : 0;
	if (error_table_wrong_with(h, t.map.size, t.max_feeds) == NULL && t.max_feeds != 0)
		read_block(&t, data[1]);
	free(bytes);
	return 0;
}
