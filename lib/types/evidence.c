#include "types/evidence.h"

/*
 * Follows the cascade of types in pandas' TextReader._convert_tokens (value/value.h describes it):
 * int64; uint64 if the first cell that is no int64 is an integer above it; Python integers if one
 * is above uint64 as well; float64; bool; text. Two ways through it end in text in which NA words
 * are ordinary text (READ_LITERAL).
 */

static void add_integer(struct evidence *e, const struct columns *s, struct span cell, uint64_t row)
{
	enum int_answer answer;
	int64_t i = 0;
	uint64_t u;

	answer = value_int_rules(&i, cell, &s->rules);
	numeric_note(&e->numbers, answer, i);
	switch (answer) {
	case INT_NONE:
		e->first_not_int = row < e->first_not_int ? row : e->first_not_int;
		break;
	case INT_SIGNED:
		break;
	default:
		e->first_beyond = row < e->first_beyond ? row : e->first_beyond;
	}
	switch (value_uint_rules(&u, cell, &s->rules)) {
	case UINT_NONE:
		e->first_not_uint = row < e->first_not_uint ? row : e->first_not_uint;
		break;
	case UINT_NEGATIVE:
		e->has_negative = true;
		break;
	case UINT_BEYOND:
		e->first_huge = row < e->first_huge ? row : e->first_huge;
		break;
	default:
		e->has_unsigned |= u > INT64_MAX;
	}
}

void evidence_add(struct evidence *e, const struct column *c, const struct columns *s,
                  struct span cell, uint64_t row, char *scratch)
{
	double f;
	bool b;

	if (column_is_na(c, cell)) {
		e->n_nulls++;
		return;
	}
	e->n_values++;
	if (e->is_text)
		return;
	add_integer(e, s, cell, row);
	if (!e->has_not_float)
		e->has_not_float = !value_float_rules(&f, cell, &s->rules);
	if (!e->has_not_bool)
		e->has_not_bool = !value_bool_rules(&b, cell, &s->rules);
	if (!e->has_not_long)
		e->has_not_long = value_python_int(scratch, cell) == 0;
	e->is_text = e->has_not_float && e->has_not_bool && e->first_not_int < e->first_beyond;
}

#define SPARED_MAX 18u /* digits and a point: no integer so long is beyond int64 */

/* True for digits with at most a minus sign in front and a point among them. */
static bool is_simple_number(struct span cell)
{
	size_t n_points = 0, n_others = 0, i;

	if (cell.size > 0 && cell.data[0] == '-')
		cell = span_of(cell.data + 1, cell.size - 1);
	for (i = 0; i < cell.size; i++) {
		n_points += cell.data[i] == '.';
		n_others += (unsigned char)(cell.data[i] - '0') > 9;
	}
	return cell.size > n_points && n_points < 2 && n_others == n_points;
}

/* Whatever integers are to come: other rows decide what kind they could have been. */
static bool is_certainly_no_integer(const struct evidence *e)
{
	return e->n_values > 0 && e->first_not_int < e->first_beyond &&
	       e->first_not_uint != ROW_NONE && e->has_not_long;
}

bool evidence_is_settled(const struct evidence *e)
{
	return is_certainly_no_integer(e) && e->has_not_float;
}

bool evidence_is_spared(const struct evidence *e, const struct column *c, struct span cell)
{
	if (!e->has_not_bool || !c->has_plain_numbers)
		return false;
	if (is_certainly_no_integer(e) && cell.size <= SPARED_MAX && is_simple_number(cell))
		return true;
	return e->numbers.has_beyond && e->first_huge != ROW_NONE && value_is_plain_long(cell);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void evidence_join(struct evidence *e, const struct evidence *o)
{
	e->n_values += o->n_values;
	e->n_nulls += o->n_nulls;
	e->first_not_int = smaller(e->first_not_int, o->first_not_int);
	e->first_beyond = smaller(e->first_beyond, o->first_beyond);
	e->first_not_uint = smaller(e->first_not_uint, o->first_not_uint);
	e->first_huge = smaller(e->first_huge, o->first_huge);
	numeric_join(&e->numbers, &o->numbers);
	e->has_unsigned |= o->has_unsigned;
	e->has_negative |= o->has_negative;
	e->has_not_float |= o->has_not_float;
	e->has_not_bool |= o->has_not_bool;
	e->has_not_long |= o->has_not_long;
}

static struct verdict kind_verdict(enum reading reading, enum shmpub_type type,
                                   enum shmpub_kind kind)
{
	return (struct verdict){ .reading = reading, .type = type, .kind = kind };
}

static struct verdict long_verdict(const struct evidence *e)
{
	if (e->has_not_long)
		return kind_verdict(READ_LITERAL, SHMPUB_TEXT, SHMPUB_PLAIN);
	return kind_verdict(READ_LONG, SHMPUB_TEXT, SHMPUB_KIND_INT);
}

struct verdict evidence_verdict(const struct evidence *e)
{
	if (e->n_values == 0 && e->n_nulls == 0)
		return kind_verdict(READ_NOTHING, SHMPUB_NULL, SHMPUB_PLAIN);
	if (e->first_beyond < e->first_not_int) {
		if (e->first_huge < e->first_not_uint)
			return long_verdict(e);
		if (e->first_not_uint == ROW_NONE) {
			if (e->has_unsigned && (e->has_negative || e->n_nulls))
				return kind_verdict(READ_LITERAL, SHMPUB_TEXT, SHMPUB_PLAIN);
			if (e->has_negative)
				return long_verdict(e);
			return kind_verdict(READ_UINT, SHMPUB_UINT64, SHMPUB_PLAIN);
		}
	} else if (e->first_not_int == ROW_NONE) {
		return e->n_nulls ? kind_verdict(READ_FLOAT, SHMPUB_FLOAT64, SHMPUB_PLAIN)
		                  : kind_verdict(READ_INT, SHMPUB_INT64, SHMPUB_PLAIN);
	}
	if (!e->has_not_float)
		return kind_verdict(READ_FLOAT, SHMPUB_FLOAT64, SHMPUB_PLAIN);
	if (!e->has_not_bool)
		return kind_verdict(READ_BOOL, SHMPUB_BOOL,
		                    e->n_nulls ? SHMPUB_KIND_BOOL : SHMPUB_PLAIN);
	return kind_verdict(READ_TEXT, SHMPUB_TEXT, SHMPUB_PLAIN);
}

struct verdict evidence_level_verdict(const struct evidence *e, bool has_null_number)
{
	struct verdict v = evidence_verdict(e);
	bool has_null = e->n_nulls || has_null_number;
	bool is_number = v.reading == READ_INT || v.reading == READ_UINT ||
	                 (v.reading == READ_LONG && !e->has_unsigned);

	if (v.reading == READ_BOOL && e->n_nulls)
		return verdict_of(READ_BOOL, SHMPUB_FLOAT64);
	return has_null && is_number ? verdict_of(READ_FLOAT, SHMPUB_FLOAT64) : v;
}
