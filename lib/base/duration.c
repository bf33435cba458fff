#include "base/duration.h"

#include "base/checked.h"

/*
 * A number is written with digits only: no sign, no fraction, no hexadecimal digits. `5 s` is
 * taken like `5s`, because people write it. A duration without a unit is refused, because one
 * reader of the file would take it for seconds and another for milliseconds.
 */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60 * 1000 },
	{ "h", 60 * 60 * 1000 },
};

static const struct unit size_units[] = {
	{ "", 1 },
	{ "K", (uint64_t)1 << 10 },
	{ "M", (uint64_t)1 << 20 },
	{ "G", (uint64_t)1 << 30 },
	{ "T", (uint64_t)1 << 40 },
};

/* Takes the digits at the front of *text, and the spaces after them, off *text. */
static bool take_number(uint64_t *out, struct span *text)
{
	uint64_t v = 0;
	size_t n = 0;

	for (; n < text->size && text->data[n] >= '0' && text->data[n] <= '9'; n++) {
		if (!u64_mul(&v, v, 10) || !u64_add(&v, v, (uint64_t)(text->data[n] - '0')))
			return false;
	}
	if (n == 0)
		return false;
	*out = v;
	while (n < text->size && text->data[n] == ' ')
		n++;
	*text = span_of(text->data + n, text->size - n);
	return true;
}

static bool parse_with_unit(uint64_t *out, struct span text, const struct unit *units,
                            size_t n_units)
{
	uint64_t v;

	if (!take_number(&v, &text))
		return false;
	for (size_t i = 0; i < n_units; i++) {
		if (span_is(text, units[i].name))
			return u64_mul(out, v, units[i].factor);
	}
	return false;
}

bool duration_parse(uint64_t *out_ms, struct span text)
{
	if (span_is(text, "0")) {
		*out_ms = 0;
		return true;
	}
	return parse_with_unit(out_ms, text, duration_units, ARRAY_LEN(duration_units));
}

bool size_parse(uint64_t *out, struct span text)
{
	return parse_with_unit(out, text, size_units, ARRAY_LEN(size_units));
}

bool count_parse(uint64_t *out, struct span text)
{
	return take_number(out, &text) && text.size == 0;
}

bool share_parse(uint32_t *millionths, struct span text)
{
	uint64_t whole, part = 0;
	uint32_t scale = 10000;

	if (!take_number(&whole, &text) || whole > 100)
		return false;
	if (text.size > 0) {
		if (text.data[0] != '.' || text.size < 2 || text.size > 5)
			return false;
		for (size_t i = 1; i < text.size; i++) {
			if (text.data[i] < '0' || text.data[i] > '9')
				return false;
			scale /= 10;
			part += (uint64_t)(text.data[i] - '0') * scale;
		}
	}
	*millionths = (uint32_t)(whole * 10000 + part);
	return *millionths <= 1000000;
}
