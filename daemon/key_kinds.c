#include "key_kinds.h"

#include <string.h>
#include "base/duration.h"
#include "base/error.h"
#include "config.h"
#include "log.h"
#include "process.h"

int key_set_duration(void *field, const struct key *key, struct span value, struct span base,
                     struct shmpub_error *err)
{
	uint64_t v;

	(void)base;
	if (!duration_parse(&v, value))
		return error_set(
		        err, SHMPUB_ERR_INVALID,
		        "%s: '%.*s' is no duration: a whole number with ms, s, m or h wanted",
		        key->name, (int)value.size, value.data);
	if (v < key->least || v > key->most)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: '%.*s' is not within %llums and %lluh", key->name,
		                 (int)value.size, value.data, (unsigned long long)key->least,
		                 (unsigned long long)(key->most / 3600000));
	*(uint64_t *)field = v;
	return SHMPUB_OK;
}

int key_set_size(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err)
{
	uint64_t v;

	(void)base;
	if (!size_parse(&v, value))
		return error_set(
		        err, SHMPUB_ERR_INVALID,
		        "%s: '%.*s' is no size: a whole number of bytes, or with K, M, G or "
		        "T, wanted",
		        key->name, (int)value.size, value.data);
	if (key->most != 0 && (v < key->least || v > key->most))
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: '%.*s' is not within %lluM and %lluM", key->name,
		                 (int)value.size, value.data,
		                 (unsigned long long)(key->least >> 20),
		                 (unsigned long long)(key->most >> 20));
	*(uint64_t *)field = v;
	return SHMPUB_OK;
}

int key_set_count(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err)
{
	uint64_t v;

	(void)base;
	if (!count_parse(&v, value) || v < key->least || v > key->most)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: a whole number from %llu to %llu wanted", key->name,
		                 (unsigned long long)key->least, (unsigned long long)key->most);
	*(uint64_t *)field = v;
	return SHMPUB_OK;
}

int key_set_bool(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err)
{
	(void)base;
	if (!span_is(value, "yes") && !span_is(value, "no"))
		return error_set(err, SHMPUB_ERR_INVALID, "%s: yes or no wanted", key->name);
	*(bool *)field = span_is(value, "yes");
	return SHMPUB_OK;
}

/* `most` has the bits that this mode may have. */
int key_set_mode(void *field, const struct key *key, struct span value, struct span base,
                 struct shmpub_error *err)
{
	unsigned mode = 0;
	bool ok = value.size >= 3 && value.size <= 4;

	(void)base;
	for (size_t i = 0; i < value.size && ok; i++) {
		ok = value.data[i] >= '0' && value.data[i] <= '7';
		mode = mode * 8 + (unsigned)(value.data[i] - '0');
	}
	if (!ok || (mode & 0400) == 0 || (mode & ~(unsigned)key->most) != 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: %san octal mode of 0400 up to bits of %04o wanted", key->name,
		                 strcmp(key->name, "file_mode") == 0 ? "auto, or " : "",
		                 (unsigned)key->most);
	*(unsigned *)field = mode;
	return SHMPUB_OK;
}

int key_set_file_mode(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err)
{
	if (!span_is(value, "auto"))
		return key_set_mode(field, key, value, base, err);
	*(unsigned *)field = FILE_MODE_AUTO;
	return SHMPUB_OK;
}

int key_set_group(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err)
{
	struct shmpub_error why;

	(void)base;
	if (process_group(field, value, &why))
		return error_set(err, SHMPUB_ERR_INVALID, "%s: %s", key->name, why.message);
	return SHMPUB_OK;
}

int key_set_level(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err)
{
	int level = log_level_parse(value);

	(void)base;
	if (level < 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: error, warning, info or debug wanted", key->name);
	*(int *)field = level;
	return SHMPUB_OK;
}

int key_set_log_format(void *field, const struct key *key, struct span value, struct span base,
                       struct shmpub_error *err)
{
	int format = log_format_parse(value);

	(void)base;
	if (format < 0)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: auto, text, logfmt or journal wanted", key->name);
	*(int *)field = format;
	return SHMPUB_OK;
}

int key_set_feed_mode(void *field, const struct key *key, struct span value, struct span base,
                      struct shmpub_error *err)
{
	(void)base;
	if (!span_is(value, "replace") && !span_is(value, "append"))
		return error_set(err, SHMPUB_ERR_INVALID, "%s: replace or append wanted",
		                 key->name);
	*(bool *)field = span_is(value, "append");
	return SHMPUB_OK;
}

int key_set_dtype(void *field, const struct key *key, struct span value, struct span base,
                  struct shmpub_error *err)
{
	enum array_dtype dtype = array_dtype_parse(value);

	(void)base;
	if (dtype == ARRAY_NONE)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: int8 to int64, uint8 to uint64, float32 or float64 wanted",
		                 key->name);
	*(enum array_dtype *)field = dtype;
	return SHMPUB_OK;
}

/* "100" rows, or a share such as "0.5%" of all records. */
int key_set_rejects(void *field, const struct key *key, struct span value, struct span base,
                    struct shmpub_error *err)
{
	struct reject_limit *limit = field;
	bool is_share = value.size > 1 && value.data[value.size - 1] == '%';
	uint64_t n;
	bool is_good;

	(void)base;
	*limit = (struct reject_limit){ UINT64_MAX, 1000000 };
	if (is_share) {
		is_good = share_parse(&limit->millionths, span_of(value.data, value.size - 1));
	} else {
		is_good = count_parse(&n, value);
		limit->rows = n;
	}
	return is_good ? SHMPUB_OK
	               : error_set(err, SHMPUB_ERR_INVALID,
	                           "%s: a number of rows, or a share of them such as 0.5%%, wanted",
	                           key->name);
}
