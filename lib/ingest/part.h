/*
 * A part of the rows, which one thread fills. Its struct holds what the thread needs, and what
 * the thread finds out about each column while it fills it. Internal to this room.
 * docs/INGEST.md explains the words.
 */
#ifndef SHMPUB_INGEST_PART_H
#define SHMPUB_INGEST_PART_H

#include "base/buffer.h"
#include "columns/sink.h"
#include "ingest/column.h"
#include "ingest/dates.h"
#include "ingest/dictionary.h"
#include "ingest/evidence.h"
#include "ingest/ingest.h"
#include "ingest/tile.h"

/* What one part has seen of one column. */
struct column_state {
	uint64_t n_nulls;
	uint64_t text_size;
	uint64_t
	        text_end; /* round 2: the offset in the column's text where that of this part ends */
	struct evidence seen;
	struct date_state *dates; /* owned; of columns that may be dates */
	struct dictionary dictionary;
	/* Of cells that were read as integers in a column that is filled as floats: */
	bool has_minus_zero;
	bool has_inexact;     /* pandas would read one of them as another float (xstrtod) */
	bool has_null_number; /* one of them is NA, should the column have fractions as well */
	const char
	        *too_large; /* an integer that pandas cannot have in a level; NULL: there is none */
	bool is_direct;     /* text is copied to its final place in round 1 */
	bool is_out_of_room; /* direct: there was more text than room; the column is also broken */
	bool is_broken; /* a cell cannot be what the column is taken for; the rest is not filled */
};

struct part {
	struct ingest *in;
	struct table_sink *sink;
	size_t first_mark, end_mark;
	struct tile_reader reader;
	struct column_state *states; /* of in->columns */
	struct buffer unescaped;     /* the current cell's text, if the cell had quotes inside */
	struct buffer work; /* what is made of that text; the cell itself never lies here */
	int result;         /* the first failure; among refused cells, that of the smallest row */
	uint64_t refused_row;
	uint64_t looked_size; /* bytes of the rows that evidence was taken from (settle.c) */
	struct shmpub_error error;
};

struct ingest {
	struct span text;
	struct buffer read;    /* owns text where the source does not lie in memory */
	struct buffer decoded; /* owns text when it had to be decoded */
	uint64_t source_size;
	const struct csv_options *options;
	struct csv_dialect dialect;
	struct header header;
	struct columns columns;
	struct marks marks;
	struct schema schema;
	const struct runner *runner;
	bool *is_strict; /* per column: a cell that does not fit is an error, not a contradiction */
	struct part *parts; /* of the last fill */
	size_t n_parts;
	struct dictionary_column *dictionaries; /* per column, of the last fill */
	int n_rounds;
};

/* The parts of one fill, as many as there are threads for; what was there is freed. */
int parts_new(struct ingest *in, struct table_sink *sink, struct shmpub_error *err);
size_t parts_count(const struct ingest *in);
void parts_free(struct ingest *in);
/* Round 1 and round 2 over all rows. */
int parts_fill(struct ingest *in, struct shmpub_error *err);
int parts_copy_text(struct ingest *in, struct table_sink *sink, struct shmpub_error *err);

/* States for every column; part_free_states undoes it. */
int part_init_states(struct part *p, struct shmpub_error *err);
void part_free_states(struct part *p);

#define CELL_SIZE_MAX ((1u << 30) - 1) /* a slot of text has so many bits for it */

/* False, and p->result is set: more than that, as it stands in the text. */
bool part_is_bearable(struct part *p, struct span raw);

/* Its text without quotes, good until the next one. On failure p->result is set. */
struct span part_unescape(struct part *p, struct span raw);

static inline struct span part_cell(struct part *p, struct span raw)
{
	struct csv_cell cell = csv_cell(raw, &p->in->dialect);

	return cell.needs_unescape ? part_unescape(p, cell.text) : cell.text;
}

/*
 * True if the cell begins and ends with a quote. What lies between is not yet its text: there may
 * be doubled quotes, which csv/unquote.h resolves and a reader of numbers refuses.
 */
static inline bool part_is_quoted(const struct csv_dialect *d, struct span raw)
{
	return raw.size > 1 && d->has_quote && raw.data[0] == d->quote &&
	       raw.data[raw.size - 1] == d->quote;
}

/* Returns the cell without the quotes around it, and without blanks that the dialect skips. */
static inline struct span part_bare(const struct csv_dialect *d, struct span raw, bool *is_quoted)
{
	while (d->skips_spaces && raw.size && raw.data[0] == ' ') {
		raw.data++;
		raw.size--;
	}
	*is_quoted = part_is_quoted(d, raw);
	return *is_quoted ? (struct span){ raw.data + 1, raw.size - 2 } : raw;
}

/*
 * True if the cell of a text column needs no closer look: it is not NA, and `text`, from
 * part_bare(), is what it says but for doubled quotes. A quoted cell must be of a regular tile.
 */
static inline bool part_is_text(const struct column *c, const struct csv_dialect *d,
                                struct span text, bool is_quoted)
{
	/* A word for NA may be written with doubled quotes, at up to twice its size. */
	if (text.size == 0 || text.size > CELL_SIZE_MAX ||
	    (c->na->begins[(unsigned char)text.data[0]] && text.size <= 2 * c->na->size_max))
		return false;
	return is_quoted || (text.data[0] != d->quote &&
	                     !(d->is_whitespace && (text.data[0] == ' ' || text.data[0] == '\t')));
}

/* Returns room for `size` bytes apart from the cell's text; on NULL p->result is set. */
char *part_room(struct part *p, size_t size);

/* The column cannot hold this cell: marks it broken, and in a strict column sets the error. */
void part_refuse(struct part *p, size_t column, const struct tile *t, size_t row);

/*
 * Cuts around the cells of a column without their quotes, and without the blanks around numbers,
 * for the kernels of value/batch.h, which know neither. part_trim() begins a column's tile.
 */
#define TRIMMED_MAX 256u
struct trimmed {
	bool has_numbers;  /* the column has numbers: blanks around a cell do not count */
	size_t first, end; /* rows of the tile whose cuts are here; none at first */
	uint32_t cuts[2 * TRIMMED_MAX];
};
static inline void part_trim(struct trimmed *trimmed, bool has_numbers)
{
	trimmed->has_numbers = has_numbers;
	trimmed->first = trimmed->end = 0;
}
/* False if the quote is a byte that numbers or dates are written with, such as a digit. */
bool part_has_plain_quotes(const struct part *p);
/*
 * Returns a run that value/batch.h can parse, from `row` to the end of the tile. If the first
 * cell is quoted or padded, the run has up to TRIMMED_MAX trimmed cells instead. *n is set to the
 * number of cells in the run.
 */
struct cell_run part_run(struct trimmed *trimmed, size_t *n, const struct part *p,
                         const struct tile *t, size_t row, size_t source);

/* Each fills one column's cells of a tile; parts.c has the table by route and reading. */
typedef void fill_fn(struct part *p, size_t column, const struct tile *t);
fill_fn fill_int, fill_uint, fill_float, fill_bool, fill_cast, fill_text, fill_category, fill_date;

/* Once the whole column is known: corrects the floats that were read as integers. */
void settle_integers(const struct column *c, struct column_state *s, struct column_sink *sink,
                     uint64_t n_rows);

/*
 * Text straight to its final place, in one round (fill_direct.c). direct_take() copies cells from
 * row i on for as long as part_is_text() holds, and returns how many; direct_put() copies one cell.
 */
#define DIRECT_BEYOND 32u /* direct_take() may write so many bytes after the text */
size_t direct_take(struct part *p, size_t column, const struct tile *t, size_t i);
void direct_put(struct part *p, size_t column, uint64_t row, struct span text);

/* Round 2 for one part. begins[k]: where its text of column k begins; set to where it ends. */
void part_copy_text(struct part *p, uint64_t *begins);

/* Looks at all rows, or at a sample, for the columns that are flagged, and sets their verdicts. */
int settle_examine(struct ingest *in, const bool *flags, bool is_sample, struct shmpub_error *err);
/* False: what was seen contradicts what the column is taken for. */
bool settle_holds(const struct column *c, const struct column_state *s, uint64_t n_rows);
/* True if integers were read in another way than pandas reads them: the column is filled again. */
bool settle_misread(struct column *c, const struct column_state *s);

#endif
