#include "article_segment.h"

#include <math.h>
#include <stdio.h>
#include "base/alloc.h"
#include "base/error.h"
#include "columns/column_type.h"

/*
 * Programs that read these segments cannot ask whether a value is exact. So the refresh fails when
 * a value does not fit its type, or is missing and the type has no NaN. The message names the row,
 * counted from 1 after the header.
 */

#define TILE_SIZE ((size_t)64 * 1024)

/* --- values ------------------------------------------------------------------------------------ */

struct integer_range {
	int64_t least;
	uint64_t most;
};

static const struct integer_range ranges[] = {
	[ARRAY_INT8] = { INT8_MIN, INT8_MAX },    [ARRAY_INT16] = { INT16_MIN, INT16_MAX },
	[ARRAY_INT32] = { INT32_MIN, INT32_MAX }, [ARRAY_INT64] = { INT64_MIN, INT64_MAX },
	[ARRAY_UINT8] = { 0, UINT8_MAX },         [ARRAY_UINT16] = { 0, UINT16_MAX },
	[ARRAY_UINT32] = { 0, UINT32_MAX },       [ARRAY_UINT64] = { 0, UINT64_MAX },
};

static int refuse(const struct shmpub_column *c, uint64_t row, enum array_dtype dtype,
                  const char *value, struct shmpub_error *err)
{
	error_set(err, SHMPUB_ERR_CSV, "row %llu, column '%.*s': ", (unsigned long long)row + 1,
	          (int)c->name_size, c->name);
	error_quote(err, "%s", value);
	error_add(err, " is not within %s", array_dtype_name(dtype));
	return SHMPUB_ERR_CSV;
}

static void store_integer(void *out, enum array_dtype dtype, uint64_t bits)
{
	uint8_t b8 = (uint8_t)bits;
	uint16_t b16 = (uint16_t)bits;
	uint32_t b32 = (uint32_t)bits;

	switch (array_dtype_size(dtype)) {
	case 1:
		memcpy(out, &b8, 1);
		break;
	case 2:
		memcpy(out, &b16, 2);
		break;
	case 4:
		memcpy(out, &b32, 4);
		break;
	default:
		memcpy(out, &bits, 8);
	}
}

static void store_float(void *out, enum array_dtype dtype, double v)
{
	float narrow = (float)v;

	if (dtype == ARRAY_FLOAT32)
		memcpy(out, &narrow, sizeof(narrow));
	else
		memcpy(out, &v, sizeof(v));
}

static bool is_float(enum array_dtype dtype)
{
	return dtype == ARRAY_FLOAT32 || dtype == ARRAY_FLOAT64;
}

/* `bits` is an int64 when `is_negative`, a uint64 otherwise. */
static int put_integer(void *out, enum array_dtype dtype, uint64_t bits, bool is_negative,
                       const struct shmpub_column *c, uint64_t row, struct shmpub_error *err)
{
	char text[32];

	if (is_float(dtype)) {
		store_float(out, dtype, is_negative ? (double)(int64_t)bits : (double)bits);
		return SHMPUB_OK;
	}
	if (is_negative ? (int64_t)bits < ranges[dtype].least : bits > ranges[dtype].most) {
		if (is_negative)
			snprintf(text, sizeof(text), "%lld", (long long)bits);
		else
			snprintf(text, sizeof(text), "%llu", (unsigned long long)bits);
		return refuse(c, row, dtype, text, err);
	}
	store_integer(out, dtype, bits);
	return SHMPUB_OK;
}

static int put_float(void *out, enum array_dtype dtype, double v, const struct shmpub_column *c,
                     uint64_t row, struct shmpub_error *err)
{
	char text[40];
	bool fits;

	if (dtype == ARRAY_FLOAT32)
		fits = !isfinite(v) || isfinite((float)v);
	else if (dtype == ARRAY_FLOAT64)
		fits = true;
	else /* a whole number within [-2^63, 2^64); put_integer() checks the range of the type */
		fits = v == floor(v) && v >= -9223372036854775808.0 && v < 18446744073709551616.0;
	if (!fits) {
		snprintf(text, sizeof(text), "%.17g", v);
		return refuse(c, row, dtype, text, err);
	}
	if (is_float(dtype)) {
		store_float(out, dtype, v);
		return SHMPUB_OK;
	}
	return v < 0 ? put_integer(out, dtype, (uint64_t)(int64_t)v, true, c, row, err)
	             : put_integer(out, dtype, (uint64_t)v, false, c, row, err);
}

int article_value(void *out, enum array_dtype dtype, const struct shmpub_column *c, uint64_t row,
                  struct shmpub_error *err)
{
	uint64_t bits;
	double v;

	if (!column_is_valid(c, row)) {
		if (!is_float(dtype))
			return refuse(c, row, dtype, "a missing value", err);
		store_float(out, dtype, (double)NAN);
		return SHMPUB_OK;
	}
	if (c->type == SHMPUB_BOOL)
		return put_integer(out, dtype, bit_get(c->values, row), false, c, row, err);
	memcpy(&bits, (const char *)c->values + row * 8, 8);
	if (c->type == SHMPUB_FLOAT64) {
		memcpy(&v, &bits, 8);
		return put_float(out, dtype, v, c, row, err);
	}
	return put_integer(out, dtype, bits, c->type != SHMPUB_UINT64 && (int64_t)bits < 0, c, row,
	                   err);
}

/* --- which columns ----------------------------------------------------------------------------- */

static bool is_numeric(const struct shmpub_column *c)
{
	return c->dictionary == NULL && column_type(c->type)->is_number;
}

static struct span next_name(struct span *names)
{
	const char *comma = memchr(names->data, ',', names->size);
	size_t n = comma ? (size_t)(comma - names->data) : names->size;
	struct span name = span_of(names->data, n);

	n += comma != NULL;
	*names = span_of(names->data + n, names->size - n);
	while (name.size && name.data[0] == ' ')
		name = span_of(name.data + 1, name.size - 1);
	while (name.size && name.data[name.size - 1] == ' ')
		name.size--;
	return name;
}

static int named_column(const struct shmpub_column **out, const struct table *table,
                        struct span name, struct shmpub_error *err)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct shmpub_column *c = &table->columns[i];

		if (!span_eq(span_of(c->name, c->name_size), name))
			continue;
		*out = c;
		if (is_numeric(c) || (c->type == SHMPUB_BOOL && c->dictionary == NULL))
			return SHMPUB_OK;
		return error_set(err, SHMPUB_ERR_CSV, "array_columns: column '%.*s' is not numbers",
		                 (int)name.size, name.data);
	}
	return error_set(err, SHMPUB_ERR_CSV, "array_columns: no column '%.*s'", (int)name.size,
	                 name.data);
}

int article_columns(const struct shmpub_column **out, size_t *n, const struct table *table,
                    const char *names, struct shmpub_error *err)
{
	struct span left = names ? span_str(names) : SPAN_NONE;
	int r = SHMPUB_OK;

	*n = 0;
	while (left.size && !r) {
		if (*n == table->n_columns)
			return error_set(err, SHMPUB_ERR_CSV,
			                 "array_columns: more names than columns");
		r = named_column(&out[*n], table, next_name(&left), err);
		++*n;
	}
	for (size_t i = 0; i < table->n_columns && names == NULL; i++) {
		if (table->columns[i].index == 0 && is_numeric(&table->columns[i]))
			out[(*n)++] = &table->columns[i];
	}
	if (!r && *n == 0)
		r = error_set(err, SHMPUB_ERR_CSV, "array_segment: no column of numbers");
	return r;
}

/* --- segments ---------------------------------------------------------------------------------- */

/* Without a draft the values are only checked. */
static int write_tile(struct segment_draft *d, struct span bytes, struct shmpub_error *err)
{
	return d != NULL ? segment_write(d, bytes, err) : SHMPUB_OK;
}

static int write_values(struct segment_draft *d, enum array_dtype dtype,
                        const struct shmpub_column *const *columns, size_t n, uint64_t n_rows,
                        char *tile, struct shmpub_error *err)
{
	size_t size = array_dtype_size(dtype), used = 0;
	int r = SHMPUB_OK;

	for (uint64_t row = 0; row < n_rows && !r; row++) {
		for (size_t i = 0; i < n && !r; i++) {
			if (used + size > TILE_SIZE) {
				r = write_tile(d, span_of(tile, used), err);
				used = 0;
			}
			if (!r)
				r = article_value(tile + used, dtype, columns[i], row, err);
			used += size;
		}
	}
	return r ? r : write_tile(d, span_of(tile, used), err);
}

static int prepare_array(struct segment_draft *d, const struct config_feed *feed,
                         const struct table *table, struct shmpub_error *err)
{
	const struct shmpub_column **columns = mem_zalloc(table->n_columns + 1,
	                                                  sizeof(const struct shmpub_column *));
	char *tile = mem_alloc(TILE_SIZE);
	size_t n;
	int r;

	if (columns == NULL || tile == NULL) {
		r = error_nomem(err, TILE_SIZE);
		goto out;
	}
	r = article_columns(columns, &n, table, feed->array_columns, err);
	if (!r)
		r = write_values(d, feed->array_dtype, columns, n, table->n_rows, tile, err);
out:
	mem_free(columns);
	mem_free(tile);
	return r;
}

static const char *const keys[ARTICLE_PARTS] = { "csv_segment", "array_segment" };

static const char *part_name(const struct config_feed *feed, size_t part)
{
	return part == ARTICLE_CSV ? feed->csv_segment : feed->array_segment;
}

static void warn(char out[SHMPUB_ERROR_SIZE], size_t part, const char *name,
                 const struct shmpub_error *why)
{
	struct shmpub_error line;

	error_set(&line, SHMPUB_ERR_SYS, "%s %s: %s", keys[part], name, why->message);
	snprintf(out, SHMPUB_ERROR_SIZE, "%s", line.message);
}

static int begin_part(struct article_draft *d, size_t part, const struct config_feed *feed,
                      const char *instance, struct shmpub_error *err)
{
	const struct segment_form form = {
		.name = part_name(feed, part),
		.instance = instance,
		.access = d->access,
		.word_size = part == ARTICLE_CSV ? sizeof(int32_t) : 0,
		.room = feed->segment_room,
	};

	d->warnings[part][0] = '\0';
	return segment_begin(&d->parts[part], &form, err);
}

/* True when the refresh has to fail. Else there is a warning, and the segment is not made. */
static bool is_fatal(int result)
{
	return result == SHMPUB_ERR_CSV || result == SHMPUB_ERR_NOMEM;
}

static int settle_part(struct article_draft *d, size_t part, const char *name, int result,
                       const struct shmpub_error *why, struct shmpub_error *err)
{
	if (result == SHMPUB_OK)
		return SHMPUB_OK;
	if (is_fatal(result)) {
		if (err != NULL)
			*err = *why;
		article_discard(d);
		return result;
	}
	warn(d->warnings[part], part, name, why);
	segment_discard(&d->parts[part]);
	return SHMPUB_OK;
}

/* --- text as it passes --------------------------------------------------------------------------- */

static int check_text_size(uint64_t size, uint64_t max_bytes, struct shmpub_error *err)
{
	if (size > max_bytes)
		return error_set(err, SHMPUB_ERR_LIMIT,
		                 "csv_segment: %llu bytes, max_bytes is %llu",
		                 (unsigned long long)size, (unsigned long long)max_bytes);
	if (size <= INT32_MAX)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_LIMIT,
	                 "csv_segment: %llu bytes, its length field holds %d",
	                 (unsigned long long)size, INT32_MAX);
}

/* The length comes first and is known last: until then it is 0. */
int article_begin_text(struct article_draft *d, const struct config_feed *feed,
                       const char *instance, uint64_t size, uint64_t max_bytes,
                       struct shmpub_error *err)
{
	static const char length[sizeof(int32_t)] = { 0 };
	struct shmpub_error why;
	int r;

	d->text_size = 0;
	if (!d->is_wanted[ARTICLE_CSV])
		return SHMPUB_OK;
	r = check_text_size(size, max_bytes, &why);
	if (!r)
		r = begin_part(d, ARTICLE_CSV, feed, instance, &why);
	if (!r)
		r = segment_write(&d->parts[ARTICLE_CSV], span_of(length, sizeof(length)), &why);
	return settle_part(d, ARTICLE_CSV, feed->csv_segment, r, &why, err);
}

int article_add_text(struct article_draft *d, struct span text, struct shmpub_error *err)
{
	struct segment_draft *out = &d->parts[ARTICLE_CSV];
	char name[SEGMENT_NAME_SIZE];
	struct shmpub_error why;
	int r;

	if (!segment_is_begun(out)) /* nobody asked for it, or it has failed before */
		return SHMPUB_OK;
	d->text_size += text.size;
	memcpy(name, out->name, sizeof(name));
	r = check_text_size(d->text_size, UINT64_MAX, &why);
	if (!r)
		r = segment_write(out, text, &why);
	return settle_part(d, ARTICLE_CSV, name, r, &why, err);
}

static int end_text(struct article_draft *d, const struct config_feed *feed,
                    struct shmpub_error *err)
{
	struct segment_draft *out = &d->parts[ARTICLE_CSV];
	int32_t length = (int32_t)d->text_size;
	struct shmpub_error why;
	int r;

	if (!segment_is_begun(out))
		return SHMPUB_OK;
	r = segment_set_word(out, span_of((const char *)&length, sizeof(length)), &why);
	return settle_part(d, ARTICLE_CSV, feed->csv_segment, r, &why, err);
}

int article_prepare(struct article_draft *d, const struct config_feed *feed, const char *instance,
                    const struct table *table, struct shmpub_error *err)
{
	struct shmpub_error why;
	int r = end_text(d, feed, err);

	if (r || !d->is_wanted[ARTICLE_ARRAY])
		return r;
	r = begin_part(d, ARTICLE_ARRAY, feed, instance, &why);
	if (!r)
		r = prepare_array(&d->parts[ARTICLE_ARRAY], feed, table, &why);
	return settle_part(d, ARTICLE_ARRAY, feed->array_segment, r, &why, err);
}

int article_check(const struct config_feed *feed, const struct table *table,
                  struct shmpub_error *err)
{
	return feed->array_segment != NULL ? prepare_array(NULL, feed, table, err) : SHMPUB_OK;
}

void article_place(struct article_live *live, struct article_draft *d)
{
	struct shmpub_error why;

	for (size_t i = 0; i < ARTICLE_PARTS; i++) {
		if (!d->is_wanted[i])
			continue;
		memcpy(live->warnings[i], d->warnings[i], SHMPUB_ERROR_SIZE);
		if (segment_is_begun(&d->parts[i]) &&
		    segment_place(&live->parts[i], &d->parts[i], &why))
			warn(live->warnings[i], i, live->parts[i].name, &why);
	}
	article_discard(d);
}

int article_set_access(const struct article_live *live, const struct shm_access *access,
                       struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (size_t i = 0; i < ARTICLE_PARTS && !r; i++)
		r = segment_set_access(&live->parts[i], access, err);
	return r;
}

void article_discard(struct article_draft *d)
{
	for (size_t i = 0; i < ARTICLE_PARTS; i++)
		segment_discard(&d->parts[i]);
}

static void drop_part(struct article_live *live, size_t part, const char *name)
{
	struct segment_live *segment = &live->parts[part];

	if (name != NULL && strcmp(segment->name, name) == 0)
		return;
	segment_remove(segment);
	live->is_claimed[part] = false;
}

void article_drop(struct article_live *live, const struct config_feed *feed)
{
	for (size_t i = 0; i < ARTICLE_PARTS; i++)
		drop_part(live, i, part_name(feed, i));
}

static void claim_part(struct article_live *live, size_t part, const char *name, const char *place)
{
	struct segment_live *segment = &live->parts[part];
	bool was_claimed = live->is_claimed[part];
	struct shmpub_error why;

	drop_part(live, part, name);
	live->is_claimed[part] = name != NULL && segment_claim(segment, name, place, &why) == 0;
	if (name == NULL || (live->is_claimed[part] && !was_claimed))
		live->warnings[part][0] = '\0';
	else if (!live->is_claimed[part])
		warn(live->warnings[part], part, name, &why);
}

void article_claim(struct article_live *live, const struct config_feed *feed, const char *place)
{
	for (size_t i = 0; i < ARTICLE_PARTS; i++)
		claim_part(live, i, part_name(feed, i), place);
}

bool article_is_wanting(const struct article_live *live)
{
	for (size_t i = 0; i < ARTICLE_PARTS; i++) {
		if (live->is_claimed[i] && !segment_stands(&live->parts[i]))
			return true;
	}
	return false;
}

void article_ask(struct article_draft *out, const struct article_live *live)
{
	*out = ARTICLE_DRAFT_NONE;
	memcpy(out->is_wanted, live->is_claimed, sizeof(out->is_wanted));
}

bool article_warning(char out[SHMPUB_ERROR_SIZE], const struct article_live *live)
{
	const char *first = live->warnings[0], *second = live->warnings[1];
	struct shmpub_error line;

	error_set(&line, SHMPUB_ERR_SYS, "%s%s%s", first, first[0] && second[0] ? "; " : "",
	          second);
	snprintf(out, SHMPUB_ERROR_SIZE, "%s", line.message);
	return out[0] != '\0';
}

void article_leave(struct article_live *live, bool keeps)
{
	for (size_t i = 0; i < ARTICLE_PARTS; i++) {
		if (keeps)
			segment_release(&live->parts[i]);
		else
			segment_remove(&live->parts[i]);
	}
	*live = (struct article_live){ .is_claimed = { false } };
}
