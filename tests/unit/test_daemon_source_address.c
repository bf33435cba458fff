/* daemon/source_address: kinds of sources, and names that give nothing away. */
#include "unit/check.h"

#include "base/alloc.h"
#include "source_address.h"

static const struct {
	const char *value;
	enum source_scheme scheme;
	const char *rest;
	const char *name; /* NULL: refused */
} cases[] = {
	{ "/data/a.csv", SCHEME_FILE, "/data/a.csv", "/data/a.csv" },
	{ "a:b.csv", SCHEME_FILE, "a:b.csv", "a:b.csv" },
	{ "C:\\data\\a.csv", SCHEME_FILE, "C:\\data\\a.csv", "C:\\data\\a.csv" },
	{ "exec", SCHEME_FILE, "exec", "exec" },
	{ "s3://bucket/a.csv", SCHEME_UNKNOWN, "s3://bucket/a.csv", "s3://bucket/a.csv" },
	{ "exec: psql -c 'select 1'", SCHEME_EXEC, "psql -c 'select 1'", "exec:psql" },
	{ "exec:/usr/bin/psql -W secret", SCHEME_EXEC, "/usr/bin/psql -W secret",
	  "exec:/usr/bin/psql" },
	{ "exec: 'my program' x", SCHEME_EXEC, "'my program' x", "exec:my program" },
	{ "exec:", SCHEME_EXEC, "", NULL },
	{ "exec: ''", SCHEME_EXEC, "''", NULL },
	{ "exec: a 'b", SCHEME_EXEC, "a 'b", NULL },
	{ "shell: psql | sed 1d", SCHEME_SHELL, "psql | sed 1d", "shell:psql" },
	{ "shell: ./a.sh", SCHEME_SHELL, "./a.sh", "shell:./a.sh" },
	{ "shell: PGPASSWORD=secret psql", SCHEME_SHELL, "PGPASSWORD=secret psql", "shell" },
	{ "shell: curl;secret", SCHEME_SHELL, "curl;secret", "shell" },
	{ "shell: 'a b'", SCHEME_SHELL, "'a b'", "shell" },
	{ "shell:  ", SCHEME_SHELL, "", NULL },
	{ "http://example.org/a.csv", SCHEME_HTTP, "http://example.org/a.csv",
	  "http://example.org/a.csv" },
	{ "https://example.org", SCHEME_HTTP, "https://example.org", "https://example.org" },
	{ "https://me:secret@example.org:8080/a?token=secret", SCHEME_HTTP,
	  "https://me:secret@example.org:8080/a?token=secret", "https://example.org:8080/a" },
	{ "https://me:s@cret@example.org/a@b#secret", SCHEME_HTTP,
	  "https://me:s@cret@example.org/a@b#secret", "https://example.org/a@b" },
	{ "https://[::1]:8443/a.csv", SCHEME_HTTP, "https://[::1]:8443/a.csv",
	  "https://[::1]:8443/a.csv" },
	{ "http://host:/a@b", SCHEME_HTTP, "http://host:/a@b", "http://host:/a@b" },
	{ "http://", SCHEME_HTTP, "http://", NULL },
	{ "http://?secret", SCHEME_HTTP, "http://?secret", NULL },
	{ "http://:80/a", SCHEME_HTTP, "http://:80/a", NULL },
	{ "http://me:se/cret@host/a", SCHEME_HTTP, "http://me:se/cret@host/a", NULL },
	{ "http://me:1?cret@host/a", SCHEME_HTTP, "http://me:1?cret@host/a", "http://me:1" },
};

static void check_name(size_t i, enum source_scheme scheme, struct span rest)
{
	long live = mem_live();
	char *name = source_address_name(scheme, rest);

	CHECK_STR(cases[i].value, name, cases[i].name);
	mem_free(name);
	for (long n = 0; n < 5; n++) { /* memory runs out at each place */
		mem_fail_after(n);
		name = source_address_name(scheme, rest);
		mem_fail_after(-1);
		if (name != NULL)
			CHECK_STR(cases[i].value, name, cases[i].name);
		mem_free(name);
	}
	CHECK_INT("no block is left", mem_live(), live);
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct span rest;
		enum source_scheme scheme = source_scheme_of(&rest, span_str(cases[i].value));
		int r = source_address_check(scheme, rest, NULL);

		CHECK_INT(cases[i].value, scheme, cases[i].scheme);
		CHECK(cases[i].value, span_is(rest, cases[i].rest));
		CHECK_INT(cases[i].value, r, cases[i].name ? SHMPUB_OK : SHMPUB_ERR_INVALID);
		if (cases[i].name != NULL && r == SHMPUB_OK)
			check_name(i, scheme, rest);
	}
	return check_report();
}
