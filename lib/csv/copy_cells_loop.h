/*
 * The loops of csv/copy_cells.h, over primitives that the including file defines:
 *
 *   uint64_t low_bytes(uint64_t key, size_t size);
 *       the lowest `size` bytes of a key, all of them if size is 8; anything if it is larger
 *   struct cell_text put_quoted(char *out, struct cell_seen cell, const struct loop *l);
 *       writes the text of a cell of at most BUSY_MAX bytes, in quotes or not
 *
 * Each cell is copied in steps of a fixed size; the next cell goes over what a step has copied too
 * many. Whether a cell is NA comes at random in many columns, and so does whether it is quoted. A
 * processor guesses such a branch wrong half of the time, which costs more than all the work on
 * the cell. So NA is looked up without a branch: a word that is NA is copied as well, and the next
 * cell goes over it. And there are two loops: one for columns without quotes, and a busy one in
 * which quoted cells and others go the same way.
 */
#ifndef SHMPUB_CSV_COPY_CELLS_LOOP_H
#define SHMPUB_CSV_COPY_CELLS_LOOP_H

#include "base/compiler.h"
#include "csv/copy_cells.h"
#include "csv/unquote.h"

#define STEP 32u
#define BUSY_MAX 64u /* longer cells are copied apart in the busy loop */
#define SOME 64u     /* the most cells that a loop takes; their nulls are bits of a word */

_Static_assert(CSV_UNQUOTE_BEYOND <= STEP, "what is copied too much");

/*
 * What a loop needs. A copy on the stack: text is written as bytes, and after each such write a
 * compiler would have to load again what a pointer leads to.
 */
struct loop {
	const struct csv_unquote_kind *unquote;
	const char *base;
	const uint32_t *cuts;
	size_t stride;
	const char *last_source; /* a cell that begins here is not too close to the end */
	char *last_to;
	const struct short_word *shorts;
	uint64_t multiplier, other_sizes;
	unsigned shift;
	int quote; /* -1: none */
	bool is_regular, is_whitespace, skips_spaces;
};

/* A cell as it stands in the source; `is_quoted`: `text` is what stands between its quotes. */
struct cell_seen {
	struct span text;
	bool is_quoted;
};

/* What was written: its size, and its first eight bytes. */
struct cell_text {
	size_t size;
	uint64_t key;
};

static inline uint64_t low_bytes(uint64_t key, size_t size);
ALWAYS_INLINE struct cell_text put_quoted(char *out, struct cell_seen cell, const struct loop *l);

static inline void copy_steps(char *out, struct span text)
{
	for (size_t i = 0; i < text.size; i += STEP)
		memcpy(out + i, text.data + i, STEP);
}

static inline struct span next_cell(struct loop *l)
{
	const uint32_t from = l->cuts[0] + 1, to = l->cuts[1];
	struct span cell = { l->base + from, to > from ? to - from : 0 };

	while (l->skips_spaces && cell.size && cell.data[0] == ' ') {
		cell.data++;
		cell.size--;
	}
	l->cuts += l->stride;
	return cell;
}

/* Returns true if there may not be room for all that a step reads and writes. */
static inline bool is_near_end(const struct loop *l, const char *to, struct span cell)
{
	const size_t more = cell.size > BUSY_MAX ? cell.size - BUSY_MAX : 0;

	return (cell.data > l->last_source) | (to > l->last_to) ||
	       (more &&
	        ((size_t)(l->last_source - cell.data) < more || (size_t)(l->last_to - to) < more));
}

static inline bool is_blank(const struct loop *l, struct span cell)
{
	return l->is_whitespace && cell.size && (cell.data[0] == ' ' || cell.data[0] == '\t');
}

/*
 * Returns 1 if the text is NA, else 0. `key`: its first eight bytes; what the key is for a longer
 * text does not matter, because its size is not that of a short word.
 */
ALWAYS_INLINE unsigned is_na(const struct loop *l, const struct word_set *na, struct span text,
                             uint64_t key)
{
	const struct short_word *word;

	if (l->other_sizes && word_set_other_size(na, text.size))
		return word_set_has_other(na, text);
	key = low_bytes(key, text.size);
	word = &l->shorts[key * l->multiplier >> l->shift];
	return (word->key == key) & (word->size == text.size);
}

/* Ends a loop: clears the bits of its cells that are NA. */
static inline void leave_loop(struct cell_copy *c, uint64_t nulls, const char *to, size_t n)
{
	c->n_nulls += bits_count(nulls);
	for (; nulls; nulls &= nulls - 1)
		bit_put(c->validity, c->row + bits_lowest(nulls), false);
	c->row += n;
	c->size = (uint64_t)(to - c->text);
}

/* Copies up to SOME cells, until one begins with a quote. */
NEVER_INLINE size_t copy_unquoted(struct cell_copy *c, struct loop *loop, size_t n)
{
	const struct word_set *na = c->na;
	char *const text = c->text, *to = text + c->size;
	int64_t *const offsets = c->offsets + c->row;
	struct loop l = *loop;
	uint64_t nulls = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct span cell = next_cell(&l);
		uint64_t null;

		if (is_near_end(&l, to, cell) || (unsigned char)cell.data[0] == l.quote ||
		    is_blank(&l, cell))
			break;
		memcpy(to, cell.data, STEP);
		if (cell.size > STEP)
			copy_steps(to, cell);
		null = is_na(&l, na, cell, load_le64(cell.data));
		offsets[i] = to - text;
		nulls |= null << i;
		to += cell.size & (null - 1);
	}
	loop->cuts += i * l.stride;
	leave_loop(c, nulls, to, i);
	return i;
}

/* Copies up to SOME cells, quoted or not. */
NEVER_INLINE size_t copy_busy(struct cell_copy *c, struct loop *loop, size_t n)
{
	const struct word_set *na = c->na;
	char *const text = c->text, *to = text + c->size;
	int64_t *const offsets = c->offsets + c->row;
	struct loop l = *loop;
	uint64_t nulls = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct cell_seen cell = { .text = next_cell(&l) };
		struct cell_text copied;
		bool opens;
		uint64_t null;

		if (is_near_end(&l, to, cell.text) || is_blank(&l, cell.text))
			break;
		opens = (cell.text.size > 0) & ((unsigned char)cell.text.data[0] == l.quote);
		cell.is_quoted =
		        opens & (cell.text.size > 1) &
		        ((unsigned char)cell.text.data[cell.text.size - (cell.text.size > 0)] ==
		         l.quote);
		if ((opens & !cell.is_quoted) | (cell.is_quoted & !l.is_regular))
			break;
		cell.text.data += cell.is_quoted;
		cell.text.size -= 2 * (size_t)cell.is_quoted;
		if (cell.text.size > BUSY_MAX && cell.is_quoted) {
			copied.size = l.unquote->copy(to, cell.text, (char)l.quote);
			copied.key = load_le64(to);
		} else if (cell.text.size > BUSY_MAX) {
			copy_steps(to, cell.text);
			copied = (struct cell_text){ cell.text.size, 0 };
		} else {
			copied = put_quoted(to, cell, &l);
		}
		null = is_na(&l, na, span_of(to, copied.size), copied.key);
		offsets[i] = to - text;
		nulls |= null << i;
		to += copied.size & (null - 1);
	}
	loop->cuts += i * l.stride;
	leave_loop(c, nulls, to, i);
	return i;
}

static size_t copy_cells(struct cell_copy *c, const struct cell_run *run, size_t n,
                         const struct csv_unquote_kind *unquote)
{
	static const struct short_word no_word = { 0, UINT64_MAX };
	const struct csv_dialect *d = c->dialect;
	struct loop l = {
		.unquote = unquote,
		.base = run->base,
		.cuts = run->cuts,
		.stride = run->stride,
		.last_source = c->source_end - COPY_CELLS_BEYOND,
		.last_to = c->text + c->room - COPY_CELLS_BEYOND,
		.shorts = c->na->shorts ? c->na->shorts : &no_word,
		.multiplier = c->na->shorts ? c->na->multiplier : 0,
		.shift = c->na->shorts ? c->na->shift : 0,
		.other_sizes = c->na->other_sizes,
		.quote = d->has_quote ? (unsigned char)d->quote : -1,
		.is_regular = c->is_regular,
		.is_whitespace = d->is_whitespace,
		.skips_spaces = d->skips_spaces,
	};
	size_t done = 0, some;

	if (c->room < COPY_CELLS_BEYOND || c->source_end - run->base < (ptrdiff_t)COPY_CELLS_BEYOND)
		return 0;
	do {
		some = copy_unquoted(c, &l, n - done < SOME ? n - done : SOME);
		done += some;
		if (some < SOME && done < n) {
			some = copy_busy(c, &l, n - done < SOME ? n - done : SOME);
			done += some;
		}
	} while (some > 0 && done < n);
	return done;
}

#endif
