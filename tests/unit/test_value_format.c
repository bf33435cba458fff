/* lib/value/format: values back to text. */
#include "unit/check.h"

#include <math.h>
#include "value/format.h"
#include "value/value.h"

static const struct {
	double value;
	const char *want;
} floats[] = {
	{ 0.0, "0.0" },
	{ -0.0, "-0.0" },
	{ 1.0, "1.0" },
	{ 0.1, "0.1" },
	{ -1.5, "-1.5" },
	{ 100.0, "100.0" },
	{ 0.0001, "0.0001" },
	{ 0.00001, "1e-05" },
	{ 1.5e-10, "1.5e-10" },
	{ 123456.789, "123456.789" },
	{ 1e15, "1000000000000000.0" },
	{ 9999999999999998.0, "9999999999999998.0" },
	{ 1e16, "1e+16" },
	{ 1.2345e22, "1.2345e+22" },
	{ 1e22, "1e+22" },
	{ 0.30000000000000004, "0.30000000000000004" },
	{ 5e-324, "5e-324" },
	{ 2.2250738585072014e-308, "2.2250738585072014e-308" },
	{ 1.7976931348623157e308, "1.7976931348623157e+308" },
	{ 5.684341886080802e-14,
	  "5.684341886080802e-14" }, /* a power of two: the interval is uneven */
	{ 9007199254740992.0, "9007199254740992.0" },
	{ INFINITY, "inf" },
	{ -INFINITY, "-inf" },
	{ NAN, "nan" },
};

static void test_floats(void)
{
	for (size_t i = 0; i < ARRAY_LEN(floats); i++) {
		char out[FORMAT_MAX];
		size_t n = format_float64(out, floats[i].value);

		out[n] = '\0';
		CHECK_STR(floats[i].want, out, floats[i].want);
	}
}

/* Whatever is printed reads back as the same bits, and no shorter text does. */
static void test_round_trip(void)
{
	uint64_t state = 7;
	int n_wrong = 0;
	int n_longer = 0;

	for (int i = 0; i < 200000; i++) {
		char out[FORMAT_MAX], other[64];
		double value, back = 0, shorter;
		size_t n, n_digits = 0;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		memcpy(&value, &state, sizeof(value));
		if (!isfinite(value))
			continue;
		n = format_float64(out, value);
		n_wrong += !value_float(&back, span_of(out, n)) || back != value;
		for (size_t k = 0; k < n && out[k] != 'e'; k++)
			n_digits += out[k] >= (n_digits ? '0' : '1') && out[k] <= '9';
		if (n_digits < 3)
			continue;
		snprintf(other, sizeof(other), "%.*e", (int)n_digits - 2, value);
		n_longer += value_float(&shorter, span_str(other)) && shorter == value &&
		            out[n - 1] != '0';
	}
	CHECK_INT("read back", n_wrong, 0);
	CHECK_INT("could be shorter", n_longer, 0);
}

static void test_integers(void)
{
	char out[FORMAT_MAX];

#define CHECK_FORMAT(call, want)                                                                   \
	do {                                                                                       \
		size_t n = call;                                                                   \
		out[n] = '\0';                                                                     \
		CHECK_STR(want, out, want);                                                        \
	} while (0)
	CHECK_FORMAT(format_int64(out, 0), "0");
	CHECK_FORMAT(format_int64(out, -7), "-7");
	CHECK_FORMAT(format_int64(out, INT64_MAX), "9223372036854775807");
	CHECK_FORMAT(format_int64(out, INT64_MIN), "-9223372036854775808");
	CHECK_FORMAT(format_uint64(out, UINT64_MAX), "18446744073709551615");
	CHECK_FORMAT(format_bool(out, true), "True");
	CHECK_FORMAT(format_bool(out, false), "False");
}

static const struct {
	int64_t value;
	enum shmpub_unit unit;
	int decimals; /* what the value asks for */
	const char *zone;
	const char *want;
} moments[] = {
	{ 0, SHMPUB_MICROSECOND, FORMAT_DATE, NULL, "1970-01-01" },
	{ 0, SHMPUB_SECOND, FORMAT_DATE, NULL, "1970-01-01" },
	{ 0, SHMPUB_NANOSECOND, 9, NULL, "1970-01-01 00:00:00.000000000" },
	{ 1, SHMPUB_NANOSECOND, 9, NULL, "1970-01-01 00:00:00.000000001" },
	{ -1, SHMPUB_MICROSECOND, 6, NULL, "1969-12-31 23:59:59.999999" },
	{ 1500, SHMPUB_MILLISECOND, 3, NULL, "1970-01-01 00:00:01.500" },
	{ 1500000, SHMPUB_MICROSECOND, 3, NULL, "1970-01-01 00:00:01.500" },
	{ 1000000, SHMPUB_MICROSECOND, 0, NULL, "1970-01-01 00:00:01" },
	{ -62135596800, SHMPUB_SECOND, FORMAT_DATE, NULL, "0001-01-01" },
	{ INT64_C(253402300799), SHMPUB_SECOND, 0, NULL, "9999-12-31 23:59:59" },
	{ -INT64_MAX, SHMPUB_NANOSECOND, 9, NULL, "1677-09-21 00:12:43.145224193" },
	{ 0, SHMPUB_MICROSECOND, FORMAT_DATE, "UTC", "1970-01-01 00:00:00+00:00" },
	{ 0, SHMPUB_MICROSECOND, FORMAT_DATE, "+05:30", "1970-01-01 05:30:00+05:30" },
	{ 500000, SHMPUB_MICROSECOND, 3, "-01:00", "1969-12-31 23:00:00.500-01:00" },
	{ 0, SHMPUB_MICROSECOND, FORMAT_DATE, "Europe/Berlin", "1970-01-01 00:00:00+00:00" },
};

static void test_timestamps(void)
{
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		char out[FORMAT_MAX];
		int decimals = format_decimals(moments[i].value, moments[i].unit);
		size_t n = format_timestamp(out, moments[i].value, moments[i].unit, decimals,
		                            moments[i].zone);

		out[n] = '\0';
		CHECK_INT(moments[i].want, decimals, moments[i].decimals);
		CHECK_STR(moments[i].want, out, moments[i].want);
	}
	{
		char out[FORMAT_MAX];

		CHECK("the whole of int64 fits",
		      format_timestamp(out, INT64_MAX, SHMPUB_SECOND, 0, "+01:00") <= FORMAT_MAX &&
		              format_timestamp(out, INT64_MIN, SHMPUB_SECOND, 0, "-01:00") <=
		                      FORMAT_MAX);
	}
}

int main(void)
{
	test_floats();
	test_round_trip();
	test_integers();
	test_timestamps();
	return check_report();
}
