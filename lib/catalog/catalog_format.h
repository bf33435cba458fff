/*
 * The bytes of the catalog: docs/FORMAT.md, "The catalog". Numbers are little-endian and
 * of fixed width, there are no pointers, and catalog.c asserts the offset of each member.
 *
 * Words marked [atomic] are read and written only through base/atomic.h.
 */
#ifndef SHMPUB_CATALOG_FORMAT_H
#define SHMPUB_CATALOG_FORMAT_H

#include <stdint.h>

#define CATALOG_MAGIC "SHMPUBC\x01"
#define CATALOG_VERSION 1u
#define CATALOG_HEADER_SIZE 4096u
#define CATALOG_SLOT_SIZE 1024u
#define CATALOG_NAME_SIZE 48u /* NUL-padded; a feed name has 1 to 40 bytes */
#define CATALOG_ERROR_SIZE 512u

#define CATALOG_MAX_SEQUENCE (UINT64_MAX / 2) /* greater ones are hostile: no counter gets there */
#define CATALOG_MAX_FEEDS 1000000u
#define CATALOG_CONTROL "control" /* the name of the socket by which its owner asks a daemon */
#define CATALOG_HIDDEN ".catalog" /* the name of a catalog that is not complete yet */

enum catalog_state { /* of the writer */
	             CATALOG_STARTING = 1,
	             CATALOG_RUNNING = 2,
	             CATALOG_STOPPED = 3, /* in order: nothing more will come in this epoch */
};

enum slot_state { /* of a feed; 0: the slot was never used */
	          SLOT_FREE = 0,
	          SLOT_NEVER = 1, /* never published */
	          SLOT_FRESH = 2,
	          SLOT_STALE = 3,   /* no attempt has succeeded for three intervals */
	          SLOT_FAILING = 4, /* the last attempt failed */
	          SLOT_REMOVED = 5, /* the feed is gone from the configuration */
};

enum catalog_config { CATALOG_CONFIG_NONE = 0, CATALOG_CONFIG_GOOD = 1, CATALOG_CONFIG_BAD = 2 };

struct catalog_header {
	/* These never change after the catalog was made. */
	char magic[8];         /*   0 */
	uint32_t version;      /*   8 */
	uint32_t header_size;  /*  12 */
	uint32_t slot_size;    /*  16 */
	uint32_t max_feeds;    /*  20 */
	uint64_t incompatible; /*  24 bits a reader must know, or refuse */
	uint64_t compatible;   /*  32 bits a reader may ignore */
	uint64_t epoch;        /*  40 */
	char instance[48];     /*  48 NUL-padded */
	uint32_t reserved0;    /*  96 */
	uint32_t crc;          /* 100 CRC-32 (zlib) of bytes 0 to 99 */
	uint8_t reserved1[24]; /* 104 */
	/* These change, each independently of the others. */
	uint32_t wake;          /* 128 [atomic] grows with every change in any feed; a futex */
	uint32_t state;         /* 132 [atomic] enum catalog_state */
	uint64_t heartbeat_ns;  /* 136 [atomic] wall clock; 0: none yet */
	uint64_t pid;           /* 144 [atomic] */
	int64_t started_ns;     /* 152 [atomic] wall clock */
	uint64_t n_slots;       /* 160 [atomic] slots ever used; those above are free */
	uint64_t segment_bytes; /* 168 [atomic] memory in snapshots and spares */
	uint64_t held_bytes; /* 176 [atomic] memory in replaced snapshots that readers still hold */
	uint64_t heartbeat_interval_ms; /* 184 [atomic] 0: no heartbeat is promised */
	uint64_t process_start;         /* 192 [atomic] in the kernel's own unit; 0: unknown */
	uint64_t process_namespace;     /* 200 [atomic] in which pid is valid; 0: unknown */
	uint64_t sequence_floor;        /* 208 [atomic] first sequences are greater than this */
	uint64_t max_bytes;             /* 216 [atomic] bound of the memory in segments; 0: none */
	uint64_t resident_bytes;        /* 224 [atomic] of the publisher's process; 0: unknown */
	uint64_t config_loads;   /* 232 [atomic] attempts to load a configuration; 0: it has none */
	int64_t config_load_ns;  /* 240 [atomic] wall clock of the last attempt */
	uint64_t config_result;  /* 248 [atomic] enum catalog_config of the last attempt */
	uint32_t bell_turn;      /* 256 [atomic] Windows: how often the bell was rung; else 0 */
	uint32_t reserved3;      /* 260 */
	int64_t config_good_ns;  /* 264 [atomic] wall clock of the last attempt that took effect */
	uint64_t errors_segment; /* 272 [atomic] Windows: of the error table; else 0 */
	uint64_t errors_size;    /* 280 [atomic] of the error table, in bytes; 0: there is none */
	uint8_t reserved2[4096 - 288];
};

/*
 * A snapshot's numbers, for lists of feeds. The snapshot has them in its footer too, which counts
 * if they differ, except for `segment` and `size` on Windows: there they lead to the snapshot.
 */
struct catalog_descriptor {
	uint64_t sequence;       /* 0 */
	uint64_t segment;        /* 8  segment number */
	uint64_t size;           /* 16 bytes */
	uint64_t rows;           /* 24 */
	uint64_t columns;        /* 32 DataFrame columns, index levels not counted */
	int64_t published_ns;    /* 40 wall clock */
	int64_t source_mtime_ns; /* 48 wall clock; 0: unknown */
	uint64_t read_ns;        /* 56 how long reading the source took */
	uint64_t parse_ns;       /* 64 how long bytes to sealed columns took */
	uint64_t source_size;    /* 72 bytes of CSV */
	uint64_t skipped_rows;   /* 80 rows left out by on_bad_lines = skip */
	uint64_t reserved[5];    /* 88 */
};                               /* 128 */

struct catalog_slot {
	char name[CATALOG_NAME_SIZE]; /* 0   written once, before state leaves SLOT_FREE */
	uint32_t state;               /* 48  [atomic] enum slot_state */
	uint32_t wake;     /* 52  [atomic] grows with every publication and removal; a futex */
	uint64_t sequence; /* 56  [atomic] 0: never published in this epoch */
	struct catalog_descriptor descriptors[2]; /* 64; [sequence & 1] is current */
	uint64_t refreshes;                       /* 320 [atomic] attempts */
	uint64_t unchanged;                       /* 328 [atomic] attempts that found nothing new */
	uint64_t failures;                        /* 336 [atomic] attempts that failed */
	uint64_t consecutive_failures;            /* 344 [atomic] */
	int64_t last_attempt_ns;                  /* 352 [atomic] wall clock */
	uint64_t interval_ms;                     /* 360 [atomic] 0: no timer */
	uint64_t held_bytes;                      /* 368 [atomic] */
	uint64_t error_sequence; /* 376 [atomic] odd while the text is being written */
	char error
	        [CATALOG_ERROR_SIZE]; /* 384 NUL-terminated UTF-8; empty: none. Read as 64-bit words */
	uint64_t generation;          /* 896 [atomic] odd while the slot is given to another name */
	uint64_t n_errors;            /* 904 [atomic] entries of the error table that were used */
	/* 912 [atomic] a pattern's files when they were read last; 0: the source is no pattern */
	uint64_t n_files;
	uint8_t reserved[1024 - 920];
};

#endif
