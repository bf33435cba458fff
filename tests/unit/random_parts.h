/* Random parts of a source, of which some change from one version to the next. */
#ifndef SHMPUB_TESTS_RANDOM_PARTS_H
#define SHMPUB_TESTS_RANDOM_PARTS_H

#include <stdio.h>
#include <string.h>
#include "base/buffer.h"

#define PARTS_MAX 8u
#define COLUMNS 4u

/* --- cells ----------------------------------------------------------------------------------------- */

static unsigned seed;

static inline unsigned draw(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

enum sort {
	INTS,
	ZEROS,
	GAPS,
	FLOATS,
	WORDS,
	DIGITS,
	HUGE,
	BOOLS,
	BOOL_GAPS,
	NOTHING,
	DAYS,
	OTHER_DAYS,
	MOMENTS,
	SORTS
};

static inline void put_cell(struct buffer *b, enum sort sort)
{
	static const char *const words[] = {
		"x", "yy", "z z", "\"q,r\"", "NA", "w", "\xc3\xa9", "-"
	};
	static const char *const zeros[] = { "0", "-0", "1", "+2", "0" };
	static const char *const days[] = { "2026-01-02", "2026-02-03", "2025-12-31" };
	unsigned i = draw(1000);

	switch (sort) {
	case INTS:
		buffer_printf(b, NULL, "%d", (int)i - 500);
		break;
	case ZEROS:
		buffer_printf(b, NULL, "%s", zeros[i % ARRAY_LEN(zeros)]);
		break;
	case GAPS:
		buffer_printf(b, NULL, i % 5 ? "%u" : "", i % 7);
		break;
	case FLOATS:
		buffer_printf(b, NULL, i % 4 ? "%u.%u" : "-%u", i, i % 9);
		break;
	case DIGITS:
		buffer_printf(b, NULL, "%05u", i % 20);
		break;
	case HUGE:
		buffer_printf(b, NULL, i % 3 ? "9223372036854775%u" : "123456789012345678%u",
		              800 + i);
		break;
	case BOOLS:
		buffer_printf(b, NULL, "%s", i % 2 ? "True" : "False");
		break;
	case BOOL_GAPS:
		buffer_printf(b, NULL, "%s", i % 3 ? i % 2 ? "true" : "False" : "");
		break;
	case DAYS:
		buffer_printf(b, NULL, "%s", i % 6 ? days[i % 3] : "");
		break;
	case OTHER_DAYS:
		buffer_printf(b, NULL, "%02u/%02u/2026", i % 12 + 1, i % 28 + 1);
		break;
	case MOMENTS:
		buffer_printf(b, NULL, "2026-01-02 03:04:05.%09u", i);
		break;
	case NOTHING:
		break;
	default:
		buffer_printf(b, NULL, "%s", words[i % ARRAY_LEN(words)]);
	}
}

/* --- parts ----------------------------------------------------------------------------------------- */

struct part {
	struct buffer text;
	char name[16];
	uint64_t row, n_rows; /* in the table of the version before, if it is kept */
	bool is_kept;
};

struct version {
	struct part parts[PARTS_MAX];
	size_t n;
};

static unsigned n_named;
static enum sort usual[COLUMNS];

static inline void make_part(struct part *p)
{
	unsigned n_rows = draw(8) ? draw(30) : draw(2) ? 0 : 3000;
	enum sort sorts[COLUMNS];

	for (size_t k = 0; k < COLUMNS; k++)
		sorts[k] = draw(7) ? usual[k] : (enum sort)draw(SORTS);
	p->text.size = 0;
	buffer_append(&p->text, SPAN_NONE, NULL);
	for (unsigned i = 0; i < n_rows; i++) {
		for (size_t k = 0; k < COLUMNS; k++) {
			bool is_odd = draw(400) == 0;

			put_cell(&p->text, is_odd ? (enum sort)draw(SORTS) : sorts[k]);
			buffer_printf(&p->text, NULL, "%s", k + 1 < COLUMNS ? ";" : "\n");
		}
	}
	p->is_kept = false;
}

static inline void name_part(struct part *p)
{
	snprintf(p->name, sizeof(p->name), "p%05u", n_named++ * 7919 % 100000);
}

static inline void copy_part(struct part *to, const struct part *from)
{
	to->text.size = 0;
	buffer_append(&to->text, buffer_span(&from->text), NULL);
	memcpy(to->name, from->name, sizeof(to->name));
	to->row = from->row;
	to->n_rows = from->n_rows;
	to->is_kept = true;
}

/* Some parts change, some go, some come. */
static inline void make_next(struct version *next, const struct version *v)
{
	next->n = 0;
	for (size_t i = 0; i < v->n || (next->n == 0 && v->n == 0); i++) {
		if (next->n < PARTS_MAX && draw(8) == 0) {
			make_part(&next->parts[next->n]);
			name_part(&next->parts[next->n++]);
		}
		if (i >= v->n || next->n == PARTS_MAX || draw(10) == 0)
			continue;
		copy_part(&next->parts[next->n], &v->parts[i]);
		if (draw(5) == 0)
			make_part(&next->parts[next->n]);
		next->n++;
	}
	if (next->n == 0) {
		make_part(&next->parts[0]);
		name_part(&next->parts[next->n++]);
	}
}

#endif
