/* daemon/name_glob: names that a pattern matches, as the shell and Python's glob have it. */
#include "unit/check.h"

#include <stdio.h>
#include "name_glob.h"

static const struct {
	const char *pattern, *name;
	bool matches;
} rows[] = {
	{ "*", "", true },
	{ "*", "a", true },
	{ "*", ".a", false },
	{ ".*", ".a", true },
	{ "?a", ".a", false },
	{ "[.]a", ".a", false },
	{ "", "", true },
	{ "", "a", false },
	{ "a", "a", true },
	{ "a", "ab", false },
	{ "ab", "a", false },
	{ "*.csv", "a.csv", true },
	{ "*.csv", ".csv", false },
	{ "*.csv", "a.csv.gz", false },
	{ "a*b*c", "abc", true },
	{ "a*b*c", "a-b-b-c", true },
	{ "a*b*c", "a-b-c-d", false },
	{ "*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "**", "ab", true },
	{ "a?c", "abc", true },
	{ "a?c", "ac", false },
	{ "a?c",
	  "a\xC3\xA9"
	  "c",
	  true }, /* a character of two bytes */
	{ "a??c",
	  "a\xC3\xA9"
	  "c",
	  false },
	{ "a?c",
	  "a\xE9"
	  "c",
	  true }, /* a byte that is no character */
	{ "?", "\xF0\x9F\x98\x80", true },
	{ "[abc]", "b", true },
	{ "[abc]", "d", false },
	{ "[a-c]x", "bx", true },
	{ "[a-c]", "-", false },
	{ "[a-]", "-", true },
	{ "[-a]", "-", true },
	{ "[c-a]", "b", false },
	{ "[!a-c]", "d", true },
	{ "[!a-c]", "b", false },
	{ "[^a]", "b", true },
	{ "[]]", "]", true },
	{ "[!]]", "]", false },
	{ "[]-a]", "^", true },
	{ "[*]", "*", true },
	{ "[*]", "a", false },
	{ "a[?]", "a?", true },
	{ "[[]x", "[x", true },
	{ "[", "[", true }, /* no set without its end */
	{ "[a", "[a", true },
	{ "a[!", "a[!", true },
	{ "[\xC3\xA0-\xC3\xBC]", "\xC3\xA9", true },
	{ "[\xC3\xA0-\xC3\xBC]", "z", false },
	{ "a\\*", "a\\b", true }, /* a backslash is itself */
	{ "A.csv", "a.csv", false },
};

static void test_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char label[100];

		snprintf(label, sizeof(label), "%s against %s", rows[i].name, rows[i].pattern);
		CHECK_INT(
		        label,
		        name_glob_matches(span_str(rows[i].pattern), span_str(rows[i].name), false),
		        rows[i].matches);
	}
}

static void test_case(void)
{
	CHECK("letters", name_glob_matches(span_str("A*.CSV"), span_str("ab.csv"), true));
	CHECK("sets", name_glob_matches(span_str("[A-C]"), span_str("b"), true));
	CHECK("others", !name_glob_matches(span_str("[!A-C]"), span_str("b"), true));
	CHECK("no other letters",
	      !name_glob_matches(span_str("\xC3\x89"), span_str("\xC3\xA9"), true));
}

static void test_kinds(void)
{
	CHECK("star", name_glob_is_pattern(span_str("a*")));
	CHECK("set", name_glob_is_pattern(span_str("a[")));
	CHECK("none",
	      !name_glob_is_pattern(span_str("a.csv")) && !name_glob_is_pattern(span_str("")));
	CHECK("class", name_glob_has_class(span_str("a[[:alpha:]]")));
	CHECK("class among others", name_glob_has_class(span_str("a[x[=a=]]")));
	CHECK("no class",
	      !name_glob_has_class(span_str("a[:]")) && !name_glob_has_class(span_str("a[b]:[c]")));
}

int main(void)
{
	test_names();
	test_case();
	test_kinds();
	return check_report();
}
