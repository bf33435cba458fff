/* daemon/command_line: words, quotes and backslashes, also where the line ends. */
#include "unit/check.h"

#include "base/alloc.h"
#include "command_line.h"

static const struct {
	const char *label;
	const char *line;
	const char *want; /* "|" after each word; NULL: refused */
} cases[] = {
	{ "one word", "psql", "psql|" },
	{ "words", "a b  c", "a|b|c|" },
	{ "blanks around", " \ta\t b ", "a|b|" },
	{ "double quotes", "a \"b c\" d", "a|b c|d|" },
	{ "single quotes", "a 'b \"c' d", "a|b \"c|d|" },
	{ "quotes within a word", "a'b c'\"d e\"f", "ab cd ef|" },
	{ "empty words", "a '' \"\"", "a|||" },
	{ "an empty word alone", "''", "|" },
	{ "a quote escaped", "a\\\"b \\'", "a\"b|'|" },
	{ "a blank escaped", "a\\ b", "a b|" },
	{ "escapes in double quotes", "\"a\\\"b\\\\c\\nd\"", "a\"b\\c\\nd|" },
	{ "no escapes in single quotes", "'a\\b\\'", "a\\b\\|" },
	{ "a backslash before a letter", "\\n", "n|" },
	{ "nothing is expanded", "$HOME *.csv ~ %h `id` a;b|c", "$HOME|*.csv|~|%h|`id`|a;b|c|" },
	{ "jq", "jq -r '.[] | [.a, .b] | @csv'", "jq|-r|.[] | [.a, .b] | @csv|" },
	{ "UTF-8", "z\xc3\xbcrich", "z\xc3\xbcrich|" },
	{ "every other byte a word", "a b c d e f g h", "a|b|c|d|e|f|g|h|" },
	{ "no word", "", NULL },
	{ "blanks only", " \t ", NULL },
	{ "double quote open", "a \"b", NULL },
	{ "single quote open", "a 'b", NULL },
	{ "backslash at the end", "a \\", NULL },
	{ "backslash at the end in quotes", "\"a\\", NULL },
};

static void show(char *out, size_t size, char **words)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; words[i] != NULL; i++)
		used += (size_t)snprintf(out + used, size - used, "%s|", words[i]);
}

static void test_cases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* in a block of its own size, so that a sanitizer sees a read beyond it */
		size_t size = strlen(cases[i].line), n = 0, count = 0;
		char *line = mem_alloc(size + 1), got[256];
		struct shmpub_error err;
		char **words;
		int r;

		memcpy(line, cases[i].line, size);
		r = command_line_split(&words, &n, span_of(line, size), &err);
		CHECK_INT(cases[i].label, r, cases[i].want ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		CHECK(cases[i].label, (words != NULL) == (cases[i].want != NULL));
		if (words != NULL && cases[i].want != NULL) {
			show(got, sizeof(got), words);
			CHECK_STR(cases[i].label, got, cases[i].want);
			while (words[count] != NULL)
				count++;
			CHECK_INT(cases[i].label, n, count);
		}
		mem_free(words);
		mem_free(line);
	}
}

static void test_no_memory(void)
{
	char **words;
	long live = mem_live();

	mem_fail_after(0);
	CHECK_INT("no memory", command_line_split(&words, NULL, span_str("a b"), NULL),
	          SHMPUB_ERR_NOMEM);
	mem_fail_after(-1);
	CHECK("nothing", words == NULL);
	CHECK_INT("no block is left", mem_live(), live);
}

int main(void)
{
	test_cases();
	test_no_memory();
	return check_report();
}
