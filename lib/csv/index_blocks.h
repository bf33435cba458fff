/*
 * The index by blocks of 64 bytes, over primitives that the including file defines: block_load(),
 * plain_block_load(), seen_high(), prefix_xor(), put_positions() and put_records(); and the type
 * block_seen, all 0 at first, in which plain_block_load() notes whether a byte is no ASCII.
 *
 * One bit is one byte, the lowest bit the first. Everything between the primitives
 * is plain arithmetic on such words, the same on every machine.
 */
#ifndef SHMPUB_CSV_INDEX_BLOCKS_H
#define SHMPUB_CSV_INDEX_BLOCKS_H

#include <string.h>
#include "base/compiler.h"
#include "csv/index.h"

/* Where in 64 bytes the bytes of interest stand, quoted or not. */
struct csv_block {
	uint64_t quote, delimiter, lf, cr;
	uint64_t high; /* not 0: some byte is no ASCII */
};

/* What the index needs of a block without quotes and \r. */
struct csv_plain_block {
	uint64_t ends; /* delimiters and \n */
	uint64_t lf;
	bool is_plain; /* false: there is a quote or a \r, and the others may be anything */
};

/* Where the results of a call go next. */
struct csv_put {
	uint32_t *ends, *records;
	const uint32_t *first_end;
};

static inline struct csv_block block_load(const char *p, const struct csv_index_dialect *d);
static inline struct csv_plain_block plain_block_load(block_seen *seen, const char *p,
                                                      const struct csv_index_dialect *d);
static inline uint64_t seen_high(block_seen seen);

/* Bit i of the answer is the XOR of the bits 0 to i. */
static inline uint64_t prefix_xor(uint64_t bits);

/*
 * Writes base + i for each bit i that is set, and returns where the next one goes. Up to 16 words
 * past the last may be overwritten. is_busy: there are usually more than four of them.
 */
ALWAYS_INLINE uint32_t *put_positions(uint32_t *out, uint64_t bits, uint32_t base, bool is_busy);

/* For each bit of `records`: how many ends there are up to it. Likewise past the last. */
ALWAYS_INLINE void put_records(struct csv_put *put, uint64_t ends, uint64_t records);

/* What the quotes make of a block. */
struct csv_block_ends {
	uint64_t delimiters; /* outside quotes */
	uint64_t records;    /* ends of records: a \n behind a \r is not one */
	uint64_t lines;      /* and with it */
	uint64_t odd;        /* quotes that open where none should */
};

static inline struct csv_block_ends block_ends(const struct csv_block *b, struct csv_index_state *s)
{
	struct csv_block_ends e;
	uint64_t inside, lines, closing, opening, openers;

	inside = prefix_xor(b->quote) ^ s->quoted;
	opening = b->quote & inside;
	closing = b->quote & ~inside;
	lines = (b->lf | b->cr) & ~inside;
	e.delimiters = b->delimiter & ~inside;
	e.lines = lines;
	e.records = lines & ~(b->lf & ((b->cr & ~inside) << 1 | s->cr));
	openers = lines | e.delimiters | closing;
	e.odd = opening & ~(openers << 1 | s->opener);

	s->quoted = 0 - (inside >> 63);
	s->opener = openers >> 63;
	s->cr = (b->cr & ~inside) >> 63;
	s->line = lines >> 63;
	return e;
}

/*
 * Most texts have no quotes, or have them everywhere. A block without quotes, without \r and
 * outside of quotes ("plain") takes less time, but plain blocks are taken apart only after so many
 * in a row: where they alternate with others, guessing wrong which comes next would cost more than
 * the work.
 */
#define BUSY_BLOCKS 32u

static inline bool is_plain_block(const struct csv_block *b, const struct csv_index_state *s)
{
	return (b->quote | b->cr | s->quoted | s->cr) == 0;
}

static inline bool may_be_plain(const struct csv_index_state *s)
{
	return (s->quoted | s->cr) == 0;
}

ALWAYS_INLINE void put_block(struct csv_put *put, uint64_t ends, uint64_t records, uint32_t base,
                             bool is_busy)
{
	put_records(put, ends, records);
	put->ends = put_positions(put->ends, ends, base, is_busy);
}

/*
 * In a function of its own, unless the kernel writes many positions at once: where quotes are
 * worked on as well, the loop has no registers to spare for writing them one by one.
 */
#ifndef PUT_BUSY_INLINE
#define PUT_BUSY_INLINE NEVER_INLINE
#endif

PUT_BUSY_INLINE void put_busy_block(struct csv_put *put, const struct csv_block_ends *e,
                                    uint32_t base, bool keeps_lf)
{
	put_block(put, e->delimiters | (keeps_lf ? e->lines : e->records), e->records, base, true);
}

/* The last, short block: a copy with zeros behind. */
static inline struct csv_block load_tail(const char *p, size_t size,
                                         const struct csv_index_dialect *d)
{
	const uint64_t mask = (UINT64_C(1) << size) - 1; /* a bit per byte that is there */
	char copy[CSV_INDEX_BLOCK] = { 0 };
	struct csv_block b;

	memcpy(copy, p, size);
	b = block_load(copy, d);
	b.quote &= mask;
	b.delimiter &= mask;
	b.lf &= mask;
	b.cr &= mask;
	return b;
}

/* After a short block the carries stand at bit size - 1, not at bit 63. */
static inline struct csv_block_ends tail_ends(const struct csv_block *b, size_t size,
                                              struct csv_index_state *s)
{
	struct csv_block shifted = *b;
	struct csv_block_ends e;
	unsigned shift = (unsigned)(CSV_INDEX_BLOCK - size);
	struct csv_index_state before = *s;

	/* Once where it stands, for the answers; once moved up against bit 63, for the carries. */
	e = block_ends(b, &before);
	shifted.quote <<= shift;
	shifted.delimiter <<= shift;
	shifted.lf <<= shift;
	shifted.cr <<= shift;
	(void)block_ends(&shifted, s);
	return e;
}

static inline void note_odd(struct csv_index *out, uint64_t odd, uint32_t base)
{
	if (odd && out->odd_quote == CSV_INDEX_NONE)
		out->odd_quote = base + bits_lowest(odd);
}

/* A call of index_blocks(), in pieces that each have the registers for themselves. */
struct csv_index_run {
	struct csv_put put;
	struct csv_index_state state;
	struct csv_index_dialect dialect;
	struct span text;
	size_t at;                   /* of the next block */
	uint64_t quotes, crs, highs; /* all that were met, one block over the other */
};

/* Plain blocks, up to the first that is not plain or not whole. */
NEVER_INLINE void index_plain_blocks(struct csv_index_run *run, uint32_t base)
{
	const struct csv_index_dialect d = run->dialect;
	const char *data = run->text.data;
	const size_t size = run->text.size;
	struct csv_put put = run->put;
	uint64_t last_ends = run->state.opener << 63, last_lines = run->state.line << 63;
	block_seen seen = { 0 };
	size_t at = run->at;

	for (; at + CSV_INDEX_BLOCK <= size; at += CSV_INDEX_BLOCK) {
		const struct csv_plain_block b = plain_block_load(&seen, data + at, &d);

		if (!b.is_plain)
			break;
		put_block(&put, b.ends, b.lf, base + (uint32_t)at, false);
		last_ends = b.ends;
		last_lines = b.lf;
	}
	run->put = put;
	run->at = at;
	run->highs |= seen_high(seen);
	run->state.opener = last_ends >> 63;
	run->state.line = last_lines >> 63;
}

static inline void index_busy_block(struct csv_index_run *run, struct csv_index *out,
                                    const struct csv_block *b, const struct csv_block_ends *e)
{
	const uint32_t base = out->base + (uint32_t)run->at;

	put_busy_block(&run->put, e, base, run->dialect.keeps_lf);
	note_odd(out, e->odd, base);
	run->quotes |= b->quote;
	run->crs |= b->cr;
	run->highs |= b->high;
}

/* Blocks of any kind, until there were enough plain ones in a row, or up to the one not whole. */
NEVER_INLINE void index_busy_blocks(struct csv_index_run *run, struct csv_index *out)
{
	const struct csv_index_dialect d = run->dialect;
	struct csv_index_run r = *run;
	unsigned n_left = BUSY_BLOCKS;

	for (; n_left > 0 && r.at + CSV_INDEX_BLOCK <= r.text.size; r.at += CSV_INDEX_BLOCK) {
		const struct csv_block b = block_load(r.text.data + r.at, &d);
		struct csv_block_ends e;

		n_left = is_plain_block(&b, &r.state) ? n_left - 1 : BUSY_BLOCKS;
		e = block_ends(&b, &r.state);
		index_busy_block(&r, out, &b, &e);
	}
	*run = r;
}

static inline void index_blocks(struct csv_index *out, struct span text,
                                const struct csv_index_dialect *dialect,
                                struct csv_index_state *state)
{
	struct csv_index_run run = {
		.put = { out->ends + out->n_ends, out->records + out->n_records, out->ends },
		.state = *state,
		.dialect = *dialect,
		.text = text,
	};

	while (run.at + CSV_INDEX_BLOCK <= text.size) {
		if (may_be_plain(&run.state))
			index_plain_blocks(&run, out->base);
		if (run.at + CSV_INDEX_BLOCK <= text.size)
			index_busy_blocks(&run, out);
	}
	if (run.at < text.size) {
		const size_t left = text.size - run.at;
		const struct csv_block b = load_tail(text.data + run.at, left, dialect);
		const struct csv_block_ends e = tail_ends(&b, left, &run.state);

		index_busy_block(&run, out, &b, &e);
	}
	out->n_ends = (size_t)(run.put.ends - out->ends);
	out->n_records = (size_t)(run.put.records - out->records);
	out->has_quotes |= run.quotes != 0;
	out->has_cr |= run.crs != 0;
	out->has_non_ascii |= run.highs != 0;
	*state = run.state;
}

#endif
