/*
 * What error_table.c and error_table_writer.c share. Nobody else includes this.
 */
#ifndef SHMPUB_CATALOG_ERROR_TABLE_PARTS_H
#define SHMPUB_CATALOG_ERROR_TABLE_PARTS_H

#include "catalog/error_table.h"

#define ERROR_TABLE_ENTRY_WORDS (sizeof(struct error_table_entry) / 8)

static inline uint64_t error_table_size(uint32_t max_feeds)
{
	return ERROR_TABLE_HEADER_SIZE + (uint64_t)max_feeds * ERROR_TABLE_BLOCK_SIZE;
}

/* Block i, which is below max_feeds. */
static inline struct error_table_block *error_table_block(const struct error_table *t, uint32_t i)
{
	char *blocks = (char *)t->map.addr + ERROR_TABLE_HEADER_SIZE;

	return (struct error_table_block *)(void *)(blocks + (size_t)i * ERROR_TABLE_BLOCK_SIZE);
}

/* Makes it the header of a table for so many slots, up to its checksum. The other bytes are not touched. */
void error_table_fill_header(struct error_table_header *h, uint32_t max_feeds, uint64_t epoch);
uint32_t error_table_header_crc(const struct error_table_header *h);
/*
 * NULL when the bytes are a table of ours for a catalog of so many slots, else what is wrong with them.
 */
const char *error_table_wrong_with(const struct error_table_header *h, size_t size,
                                   uint32_t max_feeds);
/* A copy of the entry of one moment. False: it is being written, or its writer has died. */
bool error_table_load(struct error_table_entry *out, const struct error_table_entry *entry);

#endif
