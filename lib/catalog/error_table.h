/*
 * The errors of feeds, in a file of the instance beside the catalog: which different ones there
 * were, how often, when first and last. docs/FORMAT.md, "The error table".
 *
 * The file is made by the first error. It may be lost, or not be had: then errors are not counted,
 * and nothing else suffers.
 *
 * Threads:  one thread of one process writes; any number of processes read.
 * Lifetime: ERROR_TABLE_NONE may be closed.
 */
#ifndef SHMPUB_CATALOG_ERROR_TABLE_H
#define SHMPUB_CATALOG_ERROR_TABLE_H

#include "catalog/catalog.h"
#include "shmpub/feed_errors.h"

#define ERROR_TABLE_MAGIC "SHMPUBE\x01"
#define ERROR_TABLE_FILE "errors"
#define ERROR_TABLE_HIDDEN ".errors" /* while it is made */
#define ERROR_TABLE_HEADER_SIZE 4096u
#define ERROR_TABLE_BLOCK_SIZE 10240u
#define ERROR_TABLE_ENTRIES 16u

struct error_table_header {
	char magic[8];        /*  0 */
	uint32_t version;     /*  8 */
	uint32_t header_size; /* 12 */
	uint32_t block_size;  /* 16 */
	uint32_t n_entries;   /* 20 of a block */
	uint32_t entry_size;  /* 24 */
	uint32_t max_feeds;   /* 28 the catalog's */
	uint64_t epoch;       /* 32 the catalog's */
	uint8_t reserved[20]; /* 40 */
	uint32_t crc;         /* 60 CRC-32 of bytes 0 to 59 */
};

struct error_table_entry {
	uint64_t guard;                /*  0 [atomic] odd while the entry is being written */
	uint64_t count;                /*  8 0: the entry is free */
	int64_t first_ns;              /* 16 wall clock */
	int64_t last_ns;               /* 24 wall clock */
	uint32_t code;                 /* 32 a negative enum shmpub_status, without its sign */
	uint32_t line;                 /* 36 of the source, when it came last; 0: none */
	uint64_t reserved[3];          /* 40 */
	char text[CATALOG_ERROR_SIZE]; /* 64 NUL-terminated, as it came last */
};

struct error_table_block {
	uint64_t generation; /* 0 [atomic] of the slot whose errors these are */
	uint64_t reserved[7];
	struct error_table_entry entries[ERROR_TABLE_ENTRIES]; /* 64 */
	uint8_t rest[ERROR_TABLE_BLOCK_SIZE - 64 - ERROR_TABLE_ENTRIES * 576];
};

struct error_table {
	struct shm_map map;
	uint32_t max_feeds;
};
#define ERROR_TABLE_NONE ((struct error_table){ .map = SHM_MAP_NONE })

/* --- writing ---------------------------------------------------------------------------------- */

/* Goes on with the table that an earlier publisher has left to this catalog, if there is one. */
void error_table_take_over(struct error_table *t, const struct shm_dir *dir, struct catalog *c,
                           const struct shm_access *access);
/*
 * Counts an error of the feed in slot i. Errors count as one when their codes and messages are the
 * same but for the line's number. The text of cells is left out. If all entries are taken, the one
 * that came last the longest ago makes room. A failure is an answer that nobody needs to heed.
 */
int error_table_count(struct error_table *t, const struct shm_dir *dir, struct catalog *c,
                      const struct shm_access *access, uint32_t i, const struct shmpub_error *what,
                      struct shmpub_error *err);

/* --- reading ---------------------------------------------------------------------------------- */

/*
 * Maps the table of the catalog's feeds and checks it. SHM_ABSENT: there is none (no error has come
 * yet). *stat tells whose it is, which the caller judges.
 */
int error_table_open_reader(struct error_table *t, struct shm_stat *stat, const struct shm_dir *dir,
                            const struct catalog *c, struct shmpub_error *err);
/*
 * Copies the errors of the feed that slot i of the catalog has in that generation, the latest first,
 * and returns how many there are.
 */
size_t error_table_copy(struct shmpub_feed_error out[ERROR_TABLE_ENTRIES],
                        const struct error_table *t, const struct catalog *c, uint32_t i,
                        uint64_t generation);

void error_table_close(struct error_table *t);

#endif
