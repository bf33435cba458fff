#include "ingest/pieces.h"

#include <string.h>
#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "columns/codes.h"

/*
 * Copies columns of two tables to one, part by part. With several threads each column is one task:
 * most of the time goes into memory that is touched for the first time.
 *
 * The earlier table is a mapping, so that offsets and codes are compared with their bounds once more.
 */

#define CELLS_FOR_THREADS 500000u /* starting a thread takes as long as some 50,000 cells */

struct join {
	const struct ingest *in;
	const struct table_sink *made;
	struct table_sink *out;
	bool *failed; /* owned; a column of the earlier table is not what its snapshot promises */
};

struct column_join {
	const struct ingest *in;
	size_t k;
	const struct shmpub_column *kept;
	const struct column_sink *made;
	struct column_sink *out;
};

/* --- bits ----------------------------------------------------------------------------------------- */

static uint64_t load_bits(const uint8_t *bits, uint64_t at, unsigned n)
{
	uint64_t word = 0;
	unsigned shift = (unsigned)(at % 8), size = (shift + n + 7) / 8;

	memcpy(&word, bits + at / 8, size < 8 ? size : 8);
	return word >> shift & ((UINT64_C(1) << n) - 1);
}

/* Copies n bits; from NULL: they are all 1. Returns how many of them are 0. */
static uint64_t copy_bits(uint8_t *to, uint64_t at, const uint8_t *from, uint64_t row, uint64_t n)
{
	uint64_t zeros = 0;

	for (; n > 0 && at % 8 != 0; at++, row++, n--) {
		bool bit = from == NULL || bit_get(from, row);

		bit_put(to, at, bit);
		zeros += !bit;
	}
	if (from == NULL) {
		memset(to + at / 8, 0xFF, (size_t)(n / 8));
		at += n / 8 * 8;
		n %= 8;
	}
	for (; n >= 48; at += 48, row += 48, n -= 48) {
		uint64_t word = load_bits(from, row, 48);

		memcpy(to + at / 8, &word, 6);
		for (word ^= (UINT64_C(1) << 48) - 1; word != 0; word &= word - 1)
			zeros++;
	}
	for (; n > 0; at++, row++, n--) {
		bool bit = from == NULL || bit_get(from, row);

		bit_put(to, at, bit);
		zeros += !bit;
	}
	return zeros;
}

/* --- columns --------------------------------------------------------------------------------------- */

static void join_validity(const struct column_join *c)
{
	uint64_t at = 0;

	c->out->null_count = 0;
	for (struct piece p = PIECE_NONE; next_piece(&p, c->in); at += p.n_rows)
		c->out->null_count += copy_bits(c->out->validity, at,
		                                p.is_kept ? c->kept->validity : c->made->validity,
		                                p.row, p.n_rows);
}

static void join_bools(const struct column_join *c)
{
	uint64_t at = 0;

	for (struct piece p = PIECE_NONE; next_piece(&p, c->in); at += p.n_rows) {
		if (p.n_rows > 0)
			(void)copy_bits(c->out->values, at,
			                p.is_kept ? c->kept->values : c->made->values, p.row,
			                p.n_rows);
	}
}

/* Rows that were read as integers may join floats (fits.c). */
static void join_values(const struct column_join *c)
{
	enum shmpub_type made_type = c->in->schema.fields[c->k].type;
	bool is_cast = made_type == SHMPUB_INT64 && c->kept->type == SHMPUB_FLOAT64;
	uint64_t *out = c->out->values;

	for (struct piece p = PIECE_NONE; next_piece(&p, c->in); out += p.n_rows) {
		const uint64_t *from = p.is_kept ? c->kept->values : c->made->values;

		if (!p.is_kept && is_cast) {
			for (uint64_t i = 0; i < p.n_rows; i++)
				((double *)out)[i] = (double)(int64_t)from[p.row + i];
		} else if (p.n_rows > 0) {
			memcpy(out, from + p.row, (size_t)p.n_rows * sizeof(*out));
		}
	}
}

static bool join_text(const struct column_join *c)
{
	struct column_sink *out = c->out;
	uint64_t size = 0;
	int64_t *offsets = out->offsets;
	bool is_sound = true;

	for (struct piece p = PIECE_NONE; next_piece(&p, c->in); offsets += p.n_rows) {
		const int64_t *from = (p.is_kept ? c->kept->offsets : c->made->offsets) + p.row;
		const char *text = p.is_kept ? c->kept->text : c->made->text;
		uint64_t most = p.is_kept ? c->kept->text_size : c->made->text_size;
		uint64_t begin = p.n_rows ? (uint64_t)from[0] : 0, last = begin, end;

		for (uint64_t i = 0; i < p.n_rows; i++) {
			uint64_t next = (uint64_t)from[i + 1];

			offsets[i] = (int64_t)(size + (last - begin));
			is_sound &= next >= last && next <= most;
			last = next;
		}
		end = last;
		if (!is_sound || end - begin > out->text_room - size)
			return false;
		if (end > begin)
			memcpy(out->text + size, text + begin, (size_t)(end - begin));
		size += end - begin;
	}
	*offsets = (int64_t)size;
	out->text_size = size;
	out->is_text_done = out->text_room > 0;
	return size == out->text_room;
}

/* The code that a word of the earlier table has now. */
static bool new_code(uint32_t *out, const struct column_join *c, uint64_t row)
{
	const struct kept_column *kept = &c->in->types.kept[c->k];
	uint32_t code = code_get(c->kept->values, c->kept->code_size, row);

	if (code >= kept->words->n_rows || kept->numbers[code] == KEPT_NO_NUMBER)
		return false;
	*out = c->in->dictionaries[c->k].map[kept->numbers[code]];
	return true;
}

/* The codes of rows that are null are 0. The column of parts has none of its own in the earlier table. */
static bool join_codes(const struct column_join *c)
{
	const uint32_t *map = c->in->dictionaries[c->k].map;
	bool is_part = c->in->plan.columns[c->k].route == ROUTE_PART;
	struct column_sink *out = c->out;
	uint64_t at = 0;

	out->dictionary = c->made->dictionary;
	out->code_size = code_size_for(out->dictionary->n_rows);
	for (struct piece p = PIECE_NONE; next_piece(&p, c->in);) {
		for (uint64_t i = p.row; i < p.row + p.n_rows; i++, at++) {
			uint32_t code = 0;

			if (!p.is_kept)
				code = code_get(c->made->values, c->made->code_size, i);
			else if (is_part)
				code = map[p.part];
			else if (column_is_valid(c->kept, i) && !new_code(&code, c, i))
				return false;
			code_put(out->values, out->code_size, at, code);
		}
	}
	return true;
}

static bool join_column(const struct column_join *c)
{
	const struct field *f = &c->in->before->schema->fields[c->k];

	join_validity(c);
	if (f->is_dictionary)
		return join_codes(c);
	if (f->type == SHMPUB_TEXT)
		return join_text(c);
	if (f->type == SHMPUB_BOOL)
		join_bools(c);
	else
		join_values(c);
	return true;
}

static void join_task(void *arg, size_t k)
{
	struct join *j = arg;
	const struct column_join c = {
		.in = j->in,
		.k = k,
		.kept = &j->in->before->table->columns[k],
		.made = &j->made->columns[k],
		.out = &j->out->columns[k],
	};

	j->failed[k] = !join_column(&c);
}

int ingest_join(struct table_sink *out, const struct ingest *in, const struct table_sink *made,
                struct shmpub_error *err)
{
	struct join j = { .in = in, .made = made, .out = out };
	int r = SHMPUB_OK;

	j.failed = mem_zalloc(in->plan.n + 1, sizeof(*j.failed));
	if (j.failed == NULL)
		return error_nomem(err, in->plan.n);
	if (runner_threads(in->runner) > 1 && out->capacity * in->plan.n >= CELLS_FOR_THREADS)
		in->runner->run(in->runner->self, in->plan.n, join_task, &j);
	else
		for (size_t k = 0; k < in->plan.n; k++)
			join_task(&j, k);
	for (size_t k = 0; k < in->plan.n; k++)
		r = j.failed[k] ? INGEST_APART : r;
	mem_free(j.failed);
	return r;
}

/* --- the schema ------------------------------------------------------------------------------------ */

static bool text_of_all(uint64_t *size, const struct ingest *in, size_t k,
                        const struct column_sink *made)
{
	const struct shmpub_column *table = &in->before->table->columns[k];

	*size = made->text_size;
	for (struct piece p = PIECE_NONE; next_kept(&p, in);) {
		uint64_t begin = (uint64_t)table->offsets[p.row];
		uint64_t end = (uint64_t)table->offsets[p.row + p.n_rows];

		if (p.n_rows > 0 &&
		    (begin > end || end > table->text_size || !u64_add(size, *size, end - begin)))
			return false;
	}
	return true;
}

int ingest_join_schema(struct schema *out, uint64_t *n_rows, const struct ingest *in,
                       const struct table_sink *made, struct shmpub_error *err)
{
	struct schema s;
	int r = schema_copy(&s, in->before->schema, err);

	if (r)
		return r;
	*n_rows = made->n_rows;
	for (struct piece p = PIECE_NONE; next_kept(&p, in);)
		*n_rows += p.n_rows;
	for (size_t k = 0; k < s.n_fields; k++) {
		struct field *f = &s.fields[k];

		if (f->type == SHMPUB_TEXT && !f->is_dictionary &&
		    !text_of_all(&f->text_expected, in, k, &made->columns[k]))
			r = INGEST_APART;
	}
	if (r)
		schema_free(&s);
	else
		*out = s;
	return r;
}
