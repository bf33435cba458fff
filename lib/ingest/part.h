/*
 * A part of the rows, filled by one thread: what it needs, and what it learns of each
 * column on the way. Internal to this room.
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
	uint64_t text_end; /* where this part's text ends in the column's, in round 2 */
	struct evidence seen;
	struct date_state *dates; /* owned; of columns that may be dates */
	struct dictionary dictionary;
	bool has_minus_zero;   /* among integers in a column of floats */
	bool has_inexact;      /* likewise: an integer that a float would not be read as */
	bool has_null_number;  /* likewise: an integer that is NA if the column is one of floats */
	const char *too_large; /* where an integer stands that no level can have; NULL: nowhere */
	bool is_direct;        /* text goes to its place at once */
	bool is_full;          /* there it did not fit: broken */
	bool is_broken; /* a cell cannot be what the column is taken for; the rest is not filled */
};

struct part {
	struct ingest *in;
	struct table_sink *sink;
	size_t first_mark, end_mark;
	struct tile_reader reader;
	struct column_state *states; /* of in->columns */
	struct buffer unescaped;     /* the cell in hand, when it had quotes inside */
	struct buffer work;          /* for what is made of it: never where the cell itself is */
	int result; /* the first failure; of cells that are refused, that of the first row */
	uint64_t refused_row;
	uint64_t looked_size; /* bytes of the rows that evidence was taken from (settle.c) */
	struct shmpub_error error;
};

struct ingest {
	struct span text;
	struct buffer decoded; /* owns text when it had to be decoded */
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

/* Quotes around it; whether what is between them is its text is for csv/unquote.h or the reader of a number. */
static inline bool part_is_quoted(const struct csv_dialect *d, struct span raw)
{
	return raw.size > 1 && d->has_quote && raw.data[0] == d->quote &&
	       raw.data[raw.size - 1] == d->quote;
}

/* A cell without the quotes around it, and without blanks in front where those are skipped. */
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
 * Certainly text and just that, NA excluded, in a column that is known to be one of text.
 * `text` is bare; one that was quoted is of a regular tile.
 */
static inline bool part_is_text(const struct column *c, const struct csv_dialect *d,
                                struct span text, bool is_quoted)
{
	/* Twice the size: where quotes are doubled the text is shorter than it stands there. */
	if (text.size == 0 || text.size > CELL_SIZE_MAX ||
	    (c->na->begins[(unsigned char)text.data[0]] && text.size <= 2 * c->na->size_max))
		return false;
	return is_quoted || (text.data[0] != d->quote &&
	                     !(d->is_whitespace && (text.data[0] == ' ' || text.data[0] == '\t')));
}

/* Room for `size` bytes that a cell's text does not share; NULL: p->result is set. */
char *part_room(struct part *p, size_t size);

/* The column cannot hold this cell: broken, or an error that names line and cell when strict. */
void part_refuse(struct part *p, size_t column, const struct tile *t, size_t row);

/*
 * Cells from a row on for value/batch.h: as they lie there, or, where the first stands
 * between quotes, or is a number between blanks, so many of them as `trimmed` holds, each
 * without what reads the same without it. *n is what there is, and what was given.
 */
#define TRIMMED_MAX 256u
struct trimmed {
	bool has_numbers;  /* set by the caller: blanks around a number do not count */
	size_t first, end; /* rows of the tile whose cuts are here: none before the first run */
	uint32_t cuts[2 * TRIMMED_MAX];
};
static inline void part_trim(struct trimmed *trimmed, bool has_numbers)
{
	trimmed->has_numbers = has_numbers;
	trimmed->first = trimmed->end = 0;
}
/* False: a cell between quotes could be a number or a date as it lies there. */
bool part_has_plain_quotes(const struct part *p);
struct cell_run part_run(struct trimmed *trimmed, size_t *n, const struct part *p,
                         const struct tile *t, size_t row, size_t source);

/* Filling one column's cells of a tile, by what the column is read as. */
typedef void fill_fn(struct part *p, size_t column, const struct tile *t);
fill_fn fill_int, fill_uint, fill_float, fill_bool, fill_cast, fill_text, fill_category, fill_date;

/* What only the whole column could tell of integers that were read as floats. */
void settle_integers(const struct column *c, struct column_state *s, struct column_sink *sink,
                     uint64_t n_rows);

/*
 * Text straight to its place, one round for two (fill_direct.c): the certain texts from
 * row i on, how many; and one cell whose text is known.
 */
#define DIRECT_BEYOND 32u /* bytes behind its text that the first may have written */
size_t direct_take(struct part *p, size_t column, const struct tile *t, size_t i);
void direct_put(struct part *p, size_t column, uint64_t row, struct span text);

/* Round 2 for the text columns of one part; `begins`, per column, is where its text begins, and then ends. */
void part_copy_text(struct part *p, uint64_t *begins);

/* Evidence of the columns that are flagged, from all rows or from a sample of them. */
int settle_examine(struct ingest *in, const bool *flags, bool is_sample, struct shmpub_error *err);
/* False: what was seen contradicts what the column is taken for. */
bool settle_holds(const struct column *c, const struct column_state *s, uint64_t n_rows);
/* Integers were read as such in a column that turned out to be one of floats; now it is known. */
bool settle_misread(struct column *c, const struct column_state *s);

#endif
