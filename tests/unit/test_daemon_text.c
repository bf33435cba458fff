/* daemon/: durations and sizes, nearest names, the pace of retries, content hashes. */
#include "unit/check.h"

#include "base/duration.h"
#include "base/nearest.h"
#include "content_hash.h"
#include "pace.h"

static const struct {
	const char *text;
	bool ok;
	uint64_t want;
} durations[] = {
	{ "0", true, 0 },
	{ "250ms", true, 250 },
	{ "5s", true, 5000 },
	{ "5 s", true, 5000 },
	{ "2m", true, 120000 },
	{ "1h", true, 3600000 },
	{ "", false, 0 },
	{ "5", false, 0 },
	{ "s", false, 0 },
	{ "-5s", false, 0 },
	{ "1.5s", false, 0 },
	{ "5S", false, 0 },
	{ "5 days", false, 0 },
	{ "5s 3ms", false, 0 },
	{ "0x5s", false, 0 },
	{ "18446744073709551616ms", false, 0 },
	{ "18446744073709551615h", false, 0 },
};

static const struct {
	const char *text;
	bool ok;
	uint64_t want;
} sizes[] = {
	{ "0", true, 0 },          { "4096", true, 4096 },     { "64K", true, 65536 },
	{ "10M", true, 10485760 }, { "2G", true, 2147483648 }, { "1 T", true, 1099511627776 },
	{ "2g", false, 0 },        { "2GB", false, 0 },        { "K", false, 0 },
	{ "1.5G", false, 0 },      { "20000000T", false, 0 },
};

static void test_shares(void)
{
	static const struct {
		const char *text;
		uint32_t millionths;
	} good[] = { { "0", 0 },         { "1", 10000 },     { "0.5", 5000 },
		     { "0.0001", 1 },    { "100", 1000000 }, { "100.0000", 1000000 },
		     { "99.99", 999900 } };
	static const char *const bad[] = { "",        "101", "100.1", "1.", ".5",
		                           "1.00001", "1,5", "-1",    "1.x" };
	uint32_t v;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(good[i].text,
		      share_parse(&v, span_str(good[i].text)) && v == good[i].millionths);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(bad[i], !share_parse(&v, span_str(bad[i])));
}

static void test_units(void)
{
	uint64_t v;

	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		v = 0;
		CHECK_INT(durations[i].text, duration_parse(&v, span_str(durations[i].text)),
		          durations[i].ok);
		if (durations[i].ok)
			CHECK_INT(durations[i].text, v, durations[i].want);
	}
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		v = 0;
		CHECK_INT(sizes[i].text, size_parse(&v, span_str(sizes[i].text)), sizes[i].ok);
		if (sizes[i].ok)
			CHECK_INT(sizes[i].text, v, sizes[i].want);
	}
	CHECK("count", count_parse(&v, span_str("17")) && v == 17);
	test_shares();
	CHECK("count with a unit", !count_parse(&v, span_str("17K")));
}

static const struct {
	const char *a, *b;
	size_t want;
} distances[] = {
	{ "", "", 0 },
	{ "a", "", 1 },
	{ "interval", "interval", 0 },
	{ "intreval", "interval", 1 },
	{ "sorce", "source", 1 },
	{ "abc", "xyz", 3 },
	{ "ca", "abc", 3 },
	{ "kitten", "sitting", 3 },
};

static void test_nearest(void)
{
	static const char *const keys[] = { "source", "interval", "index_col" };
	static const struct {
		const char *wanted, *name;
	} rows[] = {
		{ "sorce", "source" },
		{ "intervall", "interval" },
		{ "index-col", "index_col" },
		{ "nothing_alike", "none" },
		{ "", "none" },
	};

	for (size_t i = 0; i < ARRAY_LEN(distances); i++)
		CHECK_INT(distances[i].a,
		          nearest_distance(span_str(distances[i].a), span_str(distances[i].b)),
		          distances[i].want);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct nearest n = nearest_to(span_str(rows[i].wanted));

		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			nearest_offer(&n, keys[k]);
		CHECK_STR(rows[i].wanted, n.name ? n.name : "none", rows[i].name);
	}
}

static void test_pace(void)
{
	CHECK_INT("on the grid: a whole interval", pace_next(10000, 100, 0), 100);
	CHECK_INT("behind it: the rest", pace_next(10030, 100, 0), 70);
	CHECK_INT("shifted by a half", pace_next(10030, 100, 60), 20);
	CHECK_INT("a smaller phase is none", pace_next(10030, 100, 40), 70);
	CHECK_INT("a phase far beyond", pace_next(10030, 100, UINT64_MAX - 15), 70);
	CHECK_INT("the shortest", pace_next(12345, 1, 77), 1);
	for (uint64_t now = 0; now < 20000; now += 61) {
		uint64_t wait = pace_next(now, 5000, 1730);

		CHECK("within the interval", wait >= 1 && wait <= 5000);
		CHECK_INT("where feeds of all intervals meet", (now + wait) % 5000, 1500);
		wait = pace_next(now, 333, 200);
		CHECK_INT("an interval as it was asked for", pace_next(now + wait, 333, 200), 333);
	}
	for (uint64_t random = 0; random < 2000; random += 37) {
		uint64_t wait = pace_back_off(1000, 1, random),
		         late = pace_back_off(1000, 1000, random);

		CHECK("first", wait >= 750 && wait <= 1250);
		CHECK("bounded", late >= 22500 && late <= 37500);
		CHECK("long interval", pace_back_off(3600000, 9, random) >= 2700000);
		CHECK("no interval", pace_back_off(0, 1, random) >= 750);
		for (unsigned n = 1; n < 40; n++) {
			CHECK("soon again", pace_look_again(10, n, random) <= 1500);
			CHECK("within two intervals", pace_look_again(5000, n, random) <= 6250);
			CHECK("and without one", pace_look_again(0, n, random) <= 1500);
		}
		CHECK("not at once", pace_look_again(10, 20, random) >= 240);
	}
	CHECK_INT("busy: soon", pace_busy(1), 12);
	CHECK_INT("busy: later", pace_busy(3), 48);
	CHECK_INT("busy: bounded", pace_busy(1000), 1200);
	CHECK_INT("fresh: soon", pace_fresh(1), 12);
	CHECK_INT("fresh: later", pace_fresh(2), 24);
	CHECK_INT("fresh: two looks in a row", pace_fresh(9), 12);
	CHECK_INT("fresh: bounded", pace_fresh(1000), 1200);
}

static void test_hash(void)
{
	char text[300];
	uint64_t seen[ARRAY_LEN(text) + 1];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7);
	for (size_t n = 0; n <= sizeof(text); n++)
		seen[n] = content_hash(span_of(text, n), 1);
	for (size_t n = 0; n <= sizeof(text); n++) {
		CHECK("again", content_hash(span_of(text, n), 1) == seen[n]);
		CHECK("seed", content_hash(span_of(text, n), 2) != seen[n]);
		for (size_t m = 0; m < n; m++)
			CHECK("length", seen[m] != seen[n]);
	}
	for (size_t bit = 0; bit < 8 * sizeof(text); bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
		CHECK("one bit",
		      content_hash(span_of(text, sizeof(text)), 1) != seen[sizeof(text)]);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
	}
}

/* The same in pieces of any size, of a text that is longer than many steps. */
static void test_hash_in_pieces(void)
{
	static char text[5000];
	unsigned random = 12345;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 3);
	for (int turn = 0; turn < 3000; turn++) {
		size_t size = (size_t)turn % sizeof(text), at = 0, most = 1 + (size_t)turn % 200;
		struct content_hash h;

		content_hash_begin(&h, 9);
		while (at < size) {
			size_t n = (random = random * 1103515245 + 12345) / 65536 % (most + 1);

			n = turn < 300 ? 1 : n;
			n = n < size - at ? n : size - at;
			content_hash_add(&h, span_of(text + at, n));
			at += n;
			if (turn % 7 == 0)
				(void)content_hash_end(&h); /* it can be asked at any time */
		}
		CHECK("pieces", content_hash_end(&h) == content_hash(span_of(text, size), 9));
	}
}

int main(void)
{
	test_units();
	test_nearest();
	test_pace();
	test_hash();
	test_hash_in_pieces();
	return check_report();
}
