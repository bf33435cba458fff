/*
 * What catalog.c and catalog_writer.c share. Nobody else includes this.
 */
#ifndef SHMPUB_CATALOG_PARTS_H
#define SHMPUB_CATALOG_PARTS_H

#include "catalog/catalog.h"

#define CATALOG_DESCRIPTOR_WORDS (sizeof(struct catalog_descriptor) / 8)
#define CATALOG_NAME_WORDS (CATALOG_NAME_SIZE / 8)
#define CATALOG_ERROR_WORDS (CATALOG_ERROR_SIZE / 8)

static inline struct catalog_slot *catalog_slots(const struct catalog *c)
{
	return (struct catalog_slot *)(void *)((char *)c->map.addr + CATALOG_HEADER_SIZE);
}

/* How many slots there are: never more than fit into the mapping, whatever the header says. */
static inline uint32_t catalog_room(const struct catalog *c)
{
	size_t room = (c->map.size - CATALOG_HEADER_SIZE) / CATALOG_SLOT_SIZE;

	return c->max_feeds > 0 && c->max_feeds < room ? c->max_feeds : (uint32_t)room;
}

uint32_t catalog_header_crc(const struct catalog_header *h);
/* NULL when the bytes are a catalog of ours, else what is wrong with them. */
const char *catalog_wrong_with(const struct catalog_header *h, size_t size);
/* Replace control characters and invalid UTF-8 by '?', since lines are printed on terminals. */
void catalog_clean_line(char *line, size_t size);

#endif
