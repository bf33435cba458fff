/* Tests lib/types/numeric: the type of numbers that pandas infers from text that it made before. */
#include "check.h"
#include "types/numeric.h"

#define UNSIGNED "18446744073709551615"
#define BEYOND "99999999999999999999"
#define BELOW "-99999999999999999999"

/* `want` is the type as heap_sink.h prints it: i, u, f; s for text, s! for Python integers. */
static const struct {
	const char *label, *numbers;
	bool has_null;
	const char *want;
} cases[] = {
	{ "nothing", NULL, false, "i" },
	{ "integers", "1|-2", false, "i" },
	{ "integers and NA", "1|-2", true, "f" },
	{ "the ends of int64", "9223372036854775807|-9223372036854775808", false, "i" },
	{ "a fraction", "1|2.5", false, "f" },
	{ "above int64", UNSIGNED "|7", false, "u" },
	{ "above int64 and NA", UNSIGNED "|7", true, "s" },
	{ "above int64 and negative", UNSIGNED "|-7", false, "s" },
	{ "above int64, negative, a fraction", UNSIGNED "|-7|1.5", false, "s" },
	{ "above int64 and a negative fraction", UNSIGNED "|-1.5", false, "f" },
	{ "beyond 64 bits", BEYOND "|7", false, "s!" },
	{ "below int64", BELOW "|7", false, "s!" },
	{ "below int64, above int64", BELOW "|" UNSIGNED, false, "s!" },
	{ "beyond, above, negative", BEYOND "|" UNSIGNED "|-7", false, "s" },
	{ "beyond 64 bits and NA", BEYOND "|7", true, "f" },
	{ "beyond 64 bits and a fraction", BEYOND "|1.5", false, "f" },
};

static size_t split(struct span numbers[8], const char *text)
{
	size_t n = 0;

	for (; text; n++) {
		const char *stop = strchr(text, '|');

		numbers[n] = stop ? span_of(text, (size_t)(stop - text)) : span_str(text);
		text = stop ? stop + 1 : NULL;
	}
	return n;
}

static struct numeric look(const struct span *numbers, size_t from, size_t to)
{
	struct numeric n = { .has_float = false };

	for (size_t i = from; i < to; i++)
		numeric_add(&n, numbers[i]);
	return n;
}

static void check_verdict(size_t i, const struct numeric *n)
{
	struct verdict v = numeric_verdict(n, cases[i].has_null);
	char got[4];

	snprintf(got, sizeof(got), "%c%s", "nbiufts"[v.type], v.kind ? "!" : "");
	CHECK_STR(cases[i].label, got, cases[i].want);
	CHECK_INT(cases[i].label, v.reading == READ_LONG, v.kind == SHMPUB_KIND_INT);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span numbers[8];
		size_t n = split(numbers, cases[i].numbers);

		for (size_t at = 0; at <= n; at++) {
			struct numeric a = look(numbers, 0, at), b = look(numbers, at, n);

			numeric_join(&a, &b);
			check_verdict(i, &a);
		}
	}
	return check_report();
}
