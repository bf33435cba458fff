/* lib/value/batch: runs of cells give what value_* gives cell by cell, in every kernel. */
#include "unit/check.h"

#include "value/batch_kernel.h"
#include "value/decimal_quick.h"
#include "value/value.h"

#define CELLS 4096
#define CELL_MAX 44

static uint64_t state = 1;

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

/* A text whose cells begin right at the start of its own memory: reads outside are seen. */
struct text {
	char *base;
	uint32_t cuts[CELLS + 1];
	size_t size;
};

static void add(struct text *t, size_t i, const char *cell, size_t size)
{
	memcpy(t->base + t->size, cell, size);
	t->size += size;
	t->cuts[i + 1] = (uint32_t)t->size;
	t->base[t->size++] = ',';
}

static size_t random_number(char *out)
{
	static const char odd[] = "..-+eE0009 x,";
	size_t n = random_below(24) + (random_below(8) == 0 ? random_below(20) : 0);
	size_t point = random_below((uint32_t)n + 6);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(i == point ? '.' : '0' + random_below(10));
	if (n > 0 && random_below(3) == 0)
		out[0] = '-';
	if (n > 0 && random_below(12) == 0)
		out[random_below((uint32_t)n)] = odd[random_below(sizeof(odd) - 1)];
	return n;
}

static void fill(struct text *t, size_t (*make)(char *out), size_t n)
{
	char cell[2 * CELL_MAX];

	t->base = malloc(n * (2 * CELL_MAX + 1));
	t->size = 0;
	t->cuts[0] = UINT32_MAX;
	for (size_t i = 0; i < n; i++)
		add(t, i, cell, make(cell));
	t->base = realloc(t->base, t->size);
}

static void check_ints(const struct batch_kernel *kernel, const struct text *t, size_t n)
{
	const struct cell_run run = { t->base, t->cuts, 1 };
	int64_t *out = malloc(n * sizeof(*out));
	int n_wrong = 0;

	for (size_t i = 0; i < n;) {
		const struct cell_run rest = { run.base, run.cuts + i, 1 };
		size_t taken = kernel->take_ints(out, &rest, n - i);
		int64_t want = 0;

		for (size_t k = 0; k < taken; k++)
			n_wrong += value_int(&want, cell_run_at(&rest, k)) != INT_SIGNED ||
			           want != out[k];
		i += taken;
		if (i < n)
			n_wrong += value_int(&want, cell_run_at(&run, i)) == INT_SIGNED;
		i++;
	}
	CHECK_INT("integers", n_wrong, 0);
	free(out);
}

typedef size_t take_fn(double *out, const struct cell_run *run, size_t n,
                       struct batch_empty *empty);

/* What a kernel should say of one cell as a float; an integer when it is to be whole. */
static bool want_number(double *want, struct span cell, bool is_whole)
{
	int64_t v;

	if (!is_whole)
		return value_float(want, cell);
	if (value_int(&v, cell) != INT_SIGNED || (v == 0 && memchr(cell.data, '-', cell.size)) ||
	    ((v > BATCH_EXACT || v < -BATCH_EXACT) && memchr(cell.data, '+', cell.size)))
		return false;
	*want = (double)v;
	return true;
}

/* Values as they should be, bits of validity cleared for empty cells and no others. */
static void check_taken(const char *label, take_fn *take, const struct text *t, size_t n,
                        bool is_whole, bool may_be_empty)
{
	const struct cell_run run = { t->base, t->cuts, 1 };
	double *out = malloc(n * sizeof(*out)), want = 0;
	uint8_t *bits = malloc(n / 8 + 1);
	struct batch_empty empty = { .validity = may_be_empty ? bits : NULL };
	int n_wrong = 0, n_empty = 0;

	memset(bits, 0xFF, n / 8 + 1);
	for (size_t i = 0; i < n;) {
		const struct cell_run rest = { run.base, run.cuts + i, 1 };
		size_t taken;

		empty.row = i;
		taken = take(out, &rest, n - i, &empty);
		for (size_t k = 0; k < taken; k++) {
			struct span cell = cell_run_at(&rest, k);
			bool is_empty = may_be_empty && cell.size == 0;

			n_empty += is_empty;
			n_wrong += bit_get(bits, i + k) == is_empty;
			if (is_empty)
				n_wrong += !isnan(out[k]);
			else
				n_wrong += !want_number(&want, cell, is_whole) ||
				           memcmp(&want, &out[k], sizeof(want)) != 0;
		}
		i += taken;
		if (i < n)
			n_wrong += want_number(&want, cell_run_at(&run, i), is_whole) ||
			           (may_be_empty && cell_run_at(&run, i).size == 0);
		i++;
	}
	CHECK_INT(label, n_wrong, 0);
	CHECK_INT(label, empty.n, n_empty);
	free(out);
	free(bits);
}

static void check_floats(const struct batch_kernel *kernel, const struct text *t, size_t n)
{
	check_taken("floats", kernel->take_floats, t, n, false, false);
	check_taken("floats, empty cells", kernel->take_floats, t, n, false, true);
	check_taken("whole", kernel->take_whole, t, n, true, false);
	check_taken("whole, empty cells", kernel->take_whole, t, n, true, true);
}

static size_t plain_number(char *out)
{
	return (size_t)sprintf(out, "%s%.*f", random_below(2) ? "-" : "", (int)random_below(18),
	                       (double)random_below(1000000) / 1009);
}

/* What four_* take, with what they must not take among it. */
static size_t short_number(char *out)
{
	static const char *const odd[] = { "",     "-",        ".",         "-.",       "-0",
		                           "-0.0", "1.2.3",    "+1",        "1e5",      "--1",
		                           "1-",   " 1",       "..",        "-.5",      "5.",
		                           "x",    "12345678", "123456789", "-12345678" };
	const char *some = odd[random_below(ARRAY_LEN(odd))];

	if (random_below(24) == 0)
		return (size_t)sprintf(out, "%s", some);
	if (random_below(8) == 0)
		return 0;
	if (random_below(3) == 0)
		return (size_t)sprintf(out, "%d", (int)random_below(20000000) - 10000000);
	return (size_t)sprintf(out, "%.*f", (int)random_below(6),
	                       (double)random_below(1000000) / 1009 - 300);
}

static void test_numbers(void)
{
	size_t (*makers[])(char *) = { random_number, plain_number, short_number };
	const struct batch_kernel *kernel;

	for (size_t k = 0; (kernel = batch_kernel_at(k)) != NULL; k++) {
		for (size_t m = 0; m < ARRAY_LEN(makers); m++) {
			for (int round = 0; round < 10; round++) {
				struct text t;

				fill(&t, makers[m], CELLS);
				check_ints(kernel, &t, CELLS);
				check_floats(kernel, &t, CELLS);
				free(t.base);
			}
		}
	}
}

/* Numbers at the edges of 64 bits, and of what is read at once. */
static const char *const edges[] = {
	"padding in front of the first cell, so that 33 bytes are there",
	"9223372036854775807",
	"-9223372036854775808",
	"9223372036854775808",
	"18446744073709551615",
	"18446744073709551616",
	"1843.9999999999999999",
	"1844.0000000000000000",
	"00000000000000000000000000000012",
	"0000000000000000000000000000001",
	"0.00000000000000000000000000001",
	"-0.0000000000000000000000000001",
	"-0.00000000000000000000000000001",
	"-0",
	"-0.0",
	"-",
	".",
	"-.",
	"5.",
	".5",
	"-.5",
	"",
	"1.2.3",
	"--1",
	"1-",
	"9007199254740993",
	"9007199254740992.5",
	"900719925474099.25",
};

static void test_edges(void)
{
	const struct batch_kernel *kernel;
	struct text t = { malloc(4096), { UINT32_MAX }, 0 };

	for (size_t i = 0; i < ARRAY_LEN(edges); i++)
		add(&t, i, edges[i], strlen(edges[i]));
	for (size_t k = 0; (kernel = batch_kernel_at(k)) != NULL; k++) {
		check_ints(kernel, &t, ARRAY_LEN(edges));
		check_floats(kernel, &t, ARRAY_LEN(edges));
	}
	free(t.base);
}

/* The number halfway to the next double, in units of 10^-n: about that, where long double is short. */
static uint64_t decimal_halfway(double v, uint32_t n)
{
	long double scaled = ((long double)v + nextafter(v, INFINITY)) / 2;

	while (n-- > 0)
		scaled *= 10;
	return scaled < 1e19L ? (uint64_t)scaled : 1;
}

/*
 * decimal_quick() by decimal_nearest(): any numbers, numbers halfway between two doubles, and
 * their neighbours. Halfway is m * 2^e with 54 bits and an odd m.
 */
static void test_decimal_quick(void)
{
	int n_wrong = 0, n_taken = 0;

	for (int i = 0; i <= DECIMAL_QUICK_MAX; i++) {
		CHECK("power",
		      decimal_quick_powers[i].power == power_of_five[-POWER_SMALLEST - i][0]);
		CHECK("the power is below the true one",
		      i == 0 || power_of_five[-POWER_SMALLEST - i][1] != 0);
	}
	for (int i = 0; i < 2000000; i++) {
		const uint32_t n = 1 + random_below(DECIMAL_QUICK_MAX);
		const uint64_t any = (uint64_t)random_below(1u << 31) << 33 ^
		                     (uint64_t)random_below(1u << 31) << 11 ^
		                     random_below(1u << 11);
		uint64_t mantissa = any >> random_below(64), bits, want_bits;
		double want;

		if (i & 1) {
			want = ldexp((double)(any >> 11 | UINT64_C(1) << 52),
			             (int)random_below(70) - 50 - (int)(n * 3.3));
			mantissa = decimal_halfway(want, n) + random_below(3) - 1;
		}
		if (!decimal_quick(&bits, mantissa, n))
			continue;
		want = decimal_nearest(mantissa, -(int)n);
		memcpy(&want_bits, &want, sizeof(want_bits));
		n_wrong += bits != want_bits;
		n_taken++;
	}
	CHECK_INT("as decimal_nearest()", n_wrong, 0);
	CHECK("most are taken", n_taken > 1500000);
}

/* Every second cell only, and cells that are not there. */
static void test_stride(void)
{
	static const char text[] = "1,a,22,b,333,c";
	const uint32_t cuts[] = { UINT32_MAX, 1, 3, 6, 8, 12, 14 };
	const uint32_t missing[] = { 1, 1, 1 };
	struct cell_run run = { text, cuts, 2 };
	int64_t out[3] = { 0, 0, 0 };

	CHECK_INT("all three", batch_int(out, &run, 3), 3);
	CHECK("values", out[0] == 1 && out[1] == 22 && out[2] == 333);
	run.cuts = cuts + 1;
	CHECK_INT("none of the words", batch_int(out, &run, 3), 0);
	run = (struct cell_run){ text, missing, 1 };
	CHECK_INT("a cell that is not there", batch_int(out, &run, 2), 0);
}

static const char *date_firsts[] = {
	"2024-03-01",
	"2024/03/01",
	"2024-03-01 09:30:15",
	"2024-03-01T09:30:15.5",
	"2024-03-01 09:30:15.123456",
	"2024-03-01 09:30:15.1234567",
	"2024-03-01 09:30:15.12345678",
	"2024-03-01 09:30:15.123456789",
	"2024-03-01T09:30:15Z",
	"2024-03-01 09:30:15.123+05:30",
	"2024-03-01 09:30",
	"20240301",
	"03/01/2024",
};

static const char *date_first;

static size_t random_date(char *out)
{
	size_t n = strlen(date_first);

	for (size_t i = 0; i < n; i++) {
		out[i] = date_first[i];
		if (i > 2 && date_first[i] >= '0' && date_first[i] <= '9' && random_below(4) == 0)
			out[i] = (char)('0' + random_below(i > 10 ? 10 : 3));
	}
	if (random_below(16) == 0)
		out[random_below((uint32_t)n)] = "0-:/ T.Z\0\xff+"[random_below(11)];
	if (random_below(16) == 0)
		return 0;
	return random_below(32) == 0 ? n - 1 : n;
}

/* What batch_timestamp should say of one cell, from the general parser alone. */
static bool general(int64_t *out, const struct batch_dates *dates, struct span cell)
{
	struct date_format plain = *dates->format;
	struct timestamp t;

	plain.fixed = 0;
	return date_parse(&t, &plain, NULL, cell) && t.has_zone == dates->has_zone &&
	       t.offset_s == dates->offset_s && timestamp_unit(&t) <= dates->unit &&
	       timestamp_to_unit(out, &t, dates->unit);
}

typedef size_t dates_fn(int64_t *out, struct date_cache *cache, const struct batch_dates *dates,
                        const struct cell_run *run, size_t n, struct batch_empty *empty);

/* Whether cell i, which was taken to be `out`, is that, its bit among them. */
static bool is_as_taken(int64_t out, const struct batch_dates *dates, const struct cell_run *run,
                        size_t i, const uint8_t *bits)
{
	struct span cell = cell_run_at(run, i);
	int64_t want;

	if (cell.size == 0)
		return bits && !bit_get(bits, i) && out == INT64_MIN;
	return (!bits || bit_get(bits, i)) && general(&want, dates, cell) && want == out;
}

/*
 * What is taken is what the general parser takes, and `stops_rightly` that it would not take
 * what the run stops at (a kernel may stop earlier). Empty cells end it, or have no bit.
 */
static void check_dates(dates_fn *take, bool stops_rightly, const struct batch_dates *dates,
                        const struct text *t, bool may_be_empty)
{
	struct date_cache cache = DATE_CACHE_NONE;
	int64_t *out = malloc(CELLS * sizeof(*out)), want;
	uint8_t *bits = malloc(CELLS / 8 + 1);
	int n_wrong = 0, n_taken = 0;

	for (size_t i = 0; i < CELLS; i++) {
		const struct cell_run rest = { t->base, t->cuts + i, 1 };
		struct batch_empty empty = { .validity = may_be_empty ? bits : NULL };
		size_t taken;

		memset(bits, 0xFF, CELLS / 8 + 1);
		taken = take(out, &cache, dates, &rest, CELLS - i, &empty);
		for (size_t k = 0; k < taken; k++) {
			n_wrong += !is_as_taken(out[k], dates, &rest, k, empty.validity);
			empty.n -= cell_run_at(&rest, k).size == 0;
		}
		n_wrong += empty.n != 0;
		n_taken += (int)taken;
		i += taken;
		if (i < CELLS && stops_rightly)
			n_wrong += general(&want, dates, cell_run_at(&rest, taken)) ||
			           (may_be_empty && cell_run_at(&rest, taken).size == 0);
	}
	CHECK_INT(date_first, n_wrong, 0);
	CHECK(date_first, n_taken > (stops_rightly ? 0 : CELLS / 20));
	free(bits);
	free(out);
}

static void test_dates(void)
{
	for (size_t i = 0; i < ARRAY_LEN(date_firsts); i++) {
		struct date_format format;
		struct timestamp t;
		struct batch_dates dates = { .format = &format };
		struct text text;

		date_first = date_firsts[i];
		CHECK(date_first, date_format_infer(&format, span_str(date_first)));
		CHECK(date_first, date_parse(&t, &format, NULL, span_str(date_first)));
		dates.unit = timestamp_unit(&t);
		dates.has_zone = t.has_zone;
		dates.offset_s = t.offset_s;
		fill(&text, random_date, CELLS);
		for (int nano = 0; nano < 2; nano++) {
			for (int empty = 0; empty < 2; empty++) {
				check_dates(batch_timestamp, true, &dates, &text, empty);
				for (size_t k = 0; format.fixed && batch_kernel_at(k) != NULL; k++)
					check_dates(batch_kernel_at(k)->take_dates, false, &dates,
					            &text, empty);
			}
			dates.unit = SHMPUB_NANOSECOND;
		}
		free(text.base);
	}
}

static void test_cache(void)
{
	struct date_format format;
	struct date_cache cache = DATE_CACHE_NONE;
	struct timestamp t;

	CHECK("infer", date_format_infer(&format, span_str("2024/03/01")));
	CHECK("another separator, although remembered",
	      !date_parse(&t, &format, &cache, span_str("1970-01-01")));
	CHECK("NULs", !date_parse(&t, &format, &cache, span_of("\0\0\0\0\0\0\0\0\0\0", 10)));
	CHECK("first", date_parse(&t, &format, &cache, span_str("2024/03/01")));
	CHECK_INT("first", t.seconds, INT64_C(19783) * 86400);
	CHECK("again", date_parse(&t, &format, &cache, span_str("2024/03/01")));
	CHECK_INT("again", t.seconds, INT64_C(19783) * 86400);
	CHECK("next", date_parse(&t, &format, &cache, span_str("2024/03/02")));
	CHECK_INT("next", t.seconds, INT64_C(19784) * 86400);
}

int main(void)
{
	test_numbers();
	test_edges();
	test_decimal_quick();
	test_stride();
	test_dates();
	test_cache();
	return check_report();
}
