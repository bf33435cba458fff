/*
 * What each kind of source provides: source.c calls these functions, and nobody else does. All
 * of them have the contract of source_file.h.
 *
 * Threads: a worker; one call at a time for one body.
 */
#ifndef SHMPUBD_SOURCE_KIND_H
#define SHMPUBD_SOURCE_KIND_H

#include "source.h"

struct source_kind {
	int (*open)(void **body, struct source_mark *mark, const struct source_request *request,
	            struct shmpub_error *err);
	int (*read)(void *body, uint64_t offset, char *to, size_t size, size_t *n,
	            struct shmpub_error *err);
	void (*let_go)(void *body);
	int (*check)(void *body, const struct source_mark *mark, struct shmpub_error *err);
	void (*close)(void *body);
	/*
	 * Of a source that gives text: its parts, which live as long as the body, and about how much
	 * text there is. Only read() from 0 and where the last one ended. NULL: it gives bytes.
	 */
	const struct byte_parts *(*parts)(void *body, uint64_t *text_size);
	/* Of a source that has parts: source_part_files() and source_skip_parts(). */
	const struct set_file *(*files)(const void *body);
	uint64_t (*skip)(void *body, const bool *skips); /* returns about how much text is left */
};

extern const struct source_kind source_kind_file;
/* Bytes that were fetched: request->fetched. */
extern const struct source_kind source_kind_spool;
/* The files that match a pattern: request->pattern. */
extern const struct source_kind source_kind_pattern;

/* For source_rests(). */
bool source_pattern_rests(const char *pattern, const struct source_mark *seen);

#endif
