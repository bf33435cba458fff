/* The rows of a joined table, part by part. Internal to lib/ingest. */
#ifndef SHMPUB_INGEST_PIECES_H
#define SHMPUB_INGEST_PIECES_H

#include "ingest/state.h"

/* The rows of one part: in the earlier table (is_kept), or in the one that was made of the source. */
struct piece {
	bool is_kept;
	uint64_t row, n_rows;
	size_t part;
	uint64_t made; /* rows that pieces up to this one take from the table that was made */
};
/* Before the first piece. */
#define PIECE_NONE ((struct piece){ .part = SIZE_MAX })

static inline bool next_piece(struct piece *p, const struct ingest *in)
{
	const struct ingest_part *part;

	p->part++; /* SIZE_MAX becomes 0 */
	if (p->part == in->source.parts->n)
		return false;
	part = &in->before->parts[p->part];
	p->is_kept = part->is_kept;
	p->row = part->is_kept ? part->row : p->made;
	p->n_rows = part->is_kept ? part->n_rows : in->fill.part_rows[p->part];
	p->made += part->is_kept ? 0 : p->n_rows;
	return true;
}

/* The next piece that is kept. Also before the first fill. */
static inline bool next_kept(struct piece *p, const struct ingest *in)
{
	const struct ingest_part *parts = in->before->parts;

	do {
		p->part++;
	} while (p->part < in->source.parts->n && !parts[p->part].is_kept);
	if (p->part == in->source.parts->n)
		return false;
	p->is_kept = true;
	p->row = parts[p->part].row;
	p->n_rows = parts[p->part].n_rows;
	return true;
}

/* A float that no integer of 64 bits can be. */
static inline bool is_fraction(double v)
{
	return v - v != 0 ? v == v : v > -0x1p53 && v < 0x1p53 && v != (double)(int64_t)v;
}

#endif
