/*
 * What source_kind_pattern.c (the files of a pattern as one text) and pattern_capture.c (those that never
 * rest) share.
 *
 * Threads: a worker.
 */
#ifndef SHMPUBD_PATTERN_H
#define SHMPUBD_PATTERN_H

#include "file_set.h"
#include "part_head.h"
#include "source.h"
#include "spool.h"

enum step { STEP_HEADER, STEP_NEXT, STEP_FILE, STEP_END };

struct pattern {
	const struct source_pattern *request;
	const char *path;
	struct part_request part;
	bool takes_growing, is_captured;
	struct file_set set;
	size_t n_gone;      /* files after the set's last one, whose paths may be told yet */
	struct spool spool; /* of all text, when it was captured */
	const char *spool_directory;
	struct heads heads;
	struct part_head *part_heads; /* owned; one for each file */
	struct span *names;           /* owned */
	uint64_t *begin, *line;       /* owned; of `parts` */
	struct byte_parts parts;
	uint64_t text_size; /* about how much text there is */
	const bool *skips;  /* files that give no text; NULL: none */

	/* the pass */
	enum step step;
	uint64_t at; /* bytes given so far */
	size_t k;    /* the file */
	struct part_text text;
	struct span pending; /* to be given before anything else */
	struct buffer kept;  /* the memory of `pending`, where lines were left out */
	char last;           /* the last byte that was given of the file; 0: none */
	uint64_t n_expanded; /* bytes of text of compressed files */
};

/* Reads the head of a file, and who may read it; its mark becomes that of now. */
int pattern_survey_file(struct pattern *p, size_t i, struct shmpub_error *err);
/* One step of a pass. *n, which is 0 before, becomes how many bytes of text it has given. */
int pattern_step(struct pattern *p, char *to, size_t size, size_t *n, struct shmpub_error *err);
/* After each step. */
void pattern_note(struct pattern *p, const char *bytes, size_t n);
/* Instead of a survey: copies all text to p->spool. Files that have gone leave the set. */
int pattern_capture(struct pattern *p, struct shmpub_error *err);

#endif
