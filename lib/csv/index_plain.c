#include "csv/index_kinds.h"

/*
 * One byte at a time: what the index means, in the fewest words. The others are
 * tested against it, and it runs where there are no others.
 */

struct walk {
	struct csv_index_state *s;
	const struct csv_index_dialect *d;
	bool is_end, is_record, is_kept_lf, is_odd, is_quote;
};

/* Take one byte: say what it is, and carry the state on. */
static void step(struct walk *w, char c)
{
	struct csv_index_state *s = w->s;
	bool quote = w->d->has_quote && c == w->d->quote;
	bool opens = quote && !s->quoted, closes = quote && s->quoted;
	bool plain = !s->quoted && !quote;
	bool lf = plain && c == '\n', cr = plain && c == '\r';

	w->is_quote = quote;
	w->is_odd = opens && !s->opener;
	w->is_record = cr || (lf && !s->cr);
	w->is_end = w->is_record || (plain && c == w->d->delimiter);
	w->is_kept_lf = w->d->keeps_lf && lf && s->cr;
	if (quote)
		s->quoted = ~s->quoted;
	s->opener = closes || lf || w->is_end;
	s->cr = cr;
	s->line = lf || cr;
}

static void index_text(struct csv_index *out, struct span text, const struct csv_index_dialect *d,
                       struct csv_index_state *state)
{
	struct walk w = { .s = state, .d = d };

	for (size_t i = 0; i < text.size; i++) {
		step(&w, text.data[i]);
		if (w.is_end || w.is_kept_lf)
			out->ends[out->n_ends++] = out->base + (uint32_t)i;
		if (w.is_record)
			out->records[out->n_records++] = (uint32_t)out->n_ends;
		if (w.is_odd && out->odd_quote == CSV_INDEX_NONE)
			out->odd_quote = out->base + (uint32_t)i;
		out->has_quotes |= w.is_quote;
		out->has_cr |= text.data[i] == '\r';
		out->has_non_ascii |= (unsigned char)text.data[i] > 0x7F;
	}
}

const struct csv_index_kind csv_index_plain = { "plain", index_text };
