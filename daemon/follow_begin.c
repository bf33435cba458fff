#include "follow.h"

#include "csv/tokenize.h"
#include "heap_block.h"
#include "plan/header.h"
#include "refresh.h"

/*
 * After the file was read anew: can rows be added to this table by what they are alone, and which first rows show all
 * that the engine has to know?
 *
 * pandas takes the narrowest type that has room for all cells of a column. So when the head's rows have the type of the
 * whole column, and the head with new rows has it too, the column with the new rows has it. That does not hold where a cell's
 * value depends on others: then is_able stays false.
 */

#define HEAD_LEAST ((size_t)4 << 10)
#define HEAD_MOST ((size_t)256 << 10)
#define HEAD_STEP 8

static bool options_are_able(const struct config_feed *c)
{
	const struct csv_options *o = c->csv;

	return c->csv_segment == NULL && c->array_segment == NULL && !o->keeps_rejects &&
	       !o->skips_list && o->thousands == 0 &&
	       (o->encoding == CSV_UTF8 || o->encoding == CSV_ASCII);
}

static bool columns_are_able(const struct schema *s)
{
	for (size_t i = 0; i < s->n_fields; i++) {
		if (s->fields[i].kind != 0 || s->fields[i].type == SHMPUB_NULL)
			return false;
	}
	return true;
}

/* The size of the first records of `text`, of `least` bytes or a little more; 0: there is no head. */
static size_t head_size(struct span text, size_t least, const struct csv_options *options)
{
	size_t mark = text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, end = 0;
	struct header header = HEADER_NONE;
	struct csv_dialect dialect;
	bool is_cut;

	csv_dialect_init(&dialect, options);
	if (header_read(&header, &is_cut, span_of(text.data + mark, text.size - mark), &dialect,
	                options, NULL) != SHMPUB_OK)
		return 0;
	for (enum csv_token_answer answer = CSV_RECORD; answer == CSV_RECORD && end < least;) {
		uint32_t cut;
		struct csv_record record = { .base = header.rows.at, .cuts = &cut };

		answer = csv_tokenize(&header.rows, &record);
		end = answer <= CSV_END ? mark + header.rows.at : end;
	}
	header_free(&header);
	return end;
}

/* --- what the head shows ----------------------------------------------------------------------------- */

static int parse(struct snapshot_view *out, struct heap_block *block, struct span text,
                 const struct csv_options *options)
{
	struct snapshot_memory memory = { .reserve = heap_block_reserve, .arg = block };
	struct prepare_source source = { .bytes = byte_source_of(text) };
	uint64_t size;
	int r = prepare_csv_memory(&memory, &size, &source, options, NULL, NULL);

	return r ? r
	         : snapshot_view_init(out, span_of(block->at, (size_t)size), SNAPSHOT_CHECK_BOUNDS,
	                              NULL);
}

static bool has_value(const struct shmpub_column *c)
{
	return c->null_count < c->n_rows;
}

/* Dates are read by the form of the first one. If they are numbers, pandas reads them as such first. */
static bool dates_are_able(const struct table *t, struct span text, struct csv_options options)
{
	struct heap_block block = HEAP_BLOCK_NONE;
	struct snapshot_view plain = SNAPSHOT_VIEW_NONE;
	bool are = true, has_dates = false;

	for (size_t i = 0; i < t->n_columns; i++)
		has_dates |= t->columns[i].type == SHMPUB_TIMESTAMP;
	if (!has_dates)
		return true;
	options.parse_dates = CSV_ITEMS_NONE;
	options.parses_index = false;
	if (parse(&plain, &block, text, &options) != SHMPUB_OK ||
	    plain.table.n_columns != t->n_columns)
		are = false;
	for (size_t i = 0; are && i < t->n_columns; i++) {
		if (t->columns[i].type == SHMPUB_TIMESTAMP)
			are = has_value(&t->columns[i]) &&
			      plain.table.columns[i].type == SHMPUB_TEXT &&
			      plain.table.columns[i].kind == 0;
	}
	snapshot_view_free(&plain);
	heap_block_free(&block);
	return are;
}

static bool try_head(struct follow *out, struct span text, const struct refresh *r)
{
	struct heap_block block = HEAP_BLOCK_NONE;
	struct snapshot_view view = SNAPSHOT_VIEW_NONE;
	bool is = parse(&view, &block, text, r->config->csv) == SHMPUB_OK &&
	          snapshot_fits(&r->schema, &view.table) &&
	          dates_are_able(&view.table, text, *r->config->csv);

	out->head_rows = view.table.n_rows;
	out->head_skipped = view.stamp.skipped_rows;
	snapshot_view_free(&view);
	heap_block_free(&block);
	return is;
}

static bool find_head(struct follow *out, struct refresh *r)
{
	uint64_t all = r->mark.size < HEAD_MOST ? r->mark.size : HEAD_MOST;
	struct span text;

	if (!follow_read(&out->head, r, 0, all))
		return false;
	text = buffer_span(&out->head);
	for (size_t least = HEAD_LEAST; least <= HEAD_MOST; least *= HEAD_STEP) {
		size_t size = head_size(text, least, r->config->csv);

		if (size == 0 || follow_has_lone_cr(span_of(text.data, size)))
			return false;
		if (try_head(out, span_of(text.data, size), r)) {
			out->head.size = size;
			return true;
		}
		if (size == text.size)
			return false;
	}
	return false;
}

static bool is_able(struct follow *f, struct refresh *r)
{
	return publication_room(r->publication) != 0 && options_are_able(r->config) &&
	       columns_are_able(&r->schema) && find_head(f, r);
}

void follow_begin(struct refresh *r)
{
	struct follow *f = &r->followed;

	follow_free(f);
	f->place = (struct follow_place){
		.mark = r->mark,
		.taken = r->mark.size,
		.n_rows = r->descriptor.rows,
		.skipped_rows = r->descriptor.skipped_rows,
		.first_sequence = r->first_sequence == PREPARE_FIRST ? r->descriptor.sequence
		                                                     : r->first_sequence,
		.last_hash = follow_hash_before(r, r->mark.size),
	};
	f->is_able = is_able(f, r);
	if (!f->is_able) { /* to know the file again */
		f->head.size = 0;
		if (!follow_read(&f->head, r, 0,
		                 r->mark.size < HEAD_LEAST ? r->mark.size : HEAD_LEAST))
			f->place.last_hash = 0;
	}
}
