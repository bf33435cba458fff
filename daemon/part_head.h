/*
 * The beginning of one file of a pattern: where its rows begin, and whether it has the columns of
 * the first file.
 *
 * The text that the engine gets has one header, that of the first file, and of every file its
 * rows. Lines that `skiprows` names among the rows are left out here, because the engine would
 * count them from the beginning of the first file.
 *
 * Threads:  a worker.
 * Errors:   SHMPUB_ERR_INVALID: no header, or other columns than the first file; each line begins
 *           with the path. SHMPUB_ERR_LIMIT, SHMPUB_ERR_NOMEM, and those of part_text.h.
 */
#ifndef SHMPUBD_PART_HEAD_H
#define SHMPUBD_PART_HEAD_H

#include "base/buffer.h"
#include "part_text.h"
#include "plan/header.h"

struct part_head {
	uint64_t rows_at;   /* offset in the text where the rows begin */
	uint64_t rows_line; /* the number, from 1, of the line there */
	uint64_t n_lines;   /* lines before it, as the tokenizer counts */
	bool has_skips;     /* a line after it is named by skiprows */
	char before;        /* the byte before it; '\n': it is the first one */
};

/* What all files have to have in common. All zero before the first file; heads_free() frees it. */
struct heads {
	const struct csv_options *options;
	struct csv_dialect dialect;
	struct header first;
	const char *first_path;   /* NULL: there was none yet */
	const char *leading_path; /* the first file that has rows; NULL: none yet */
	size_t leading;           /* its fields without a name, which are an index */
	struct buffer header;     /* the first header as it is written, with a line end */
	uint64_t header_line;     /* the number of its line */
	struct buffer text;       /* room for the beginning of a file */
};

void heads_init(struct heads *h, const struct csv_options *options);
void heads_free(struct heads *h);
/* Reads the head of a file that was opened a moment ago, and compares it. */
int heads_add(struct part_head *out, struct heads *h, struct part_text *t,
              struct shmpub_error *err);
/*
 * For a head that has_skips: appends to *out the text from its rows on, up to a record after the
 * last line that is skipped. Lines that are skipped become empty lines.
 */
int heads_skip_lines(struct buffer *out, struct heads *h, const struct part_head *head,
                     struct part_text *t, struct shmpub_error *err);
/* The options for the text that the engine gets. They point into `options` and are not to be freed. */
struct csv_options heads_options(const struct csv_options *options);

#endif
