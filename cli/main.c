#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/span.h"
#include "base/standard.h"
#include "command.h"
#include "service.h"
#include "terminal.h"

/*
 * shmpub: shows what is in an instance. It reads shared memory and needs no daemon, so it also
 * works on what a dead publisher has left. Two tables describe the command line: commands, and
 * options, which may stand anywhere.
 */

static const struct command commands[] = {
	{ "ls", "[--json]", "every feed, one line each", TAKES_JSON, 0, 0, command_ls },
	{ "info", "FEED [--holders] [--json]", "one feed and the columns of its newest snapshot",
	  TAKES_JSON | TAKES_HOLDERS, 1, 1, command_info },
	{ "cat", "FEED [--format csv|json|arrow] [--head N] [--follow]",
	  "the newest snapshot's contents", TAKES_FORMAT | TAKES_HEAD | TAKES_FOLLOW, 1, 1,
	  command_cat },
	{ "watch", "[FEED...] [--json]", "a line for every publication and every loss, as it comes",
	  TAKES_JSON, 0, SIZE_MAX, command_watch },
	{ "top", "", "the list on a screen of its own, kept fresh; q ends it", 0, 0, 0,
	  command_top },
	{ "verify", "[FEED]", "check every byte that a reader would follow", 0, 0, 1,
	  command_verify },
	{ "health", "[FEED...] [--max-age 10s]", "one line, and status 0, 1 (not well), 2 (gone)",
	  TAKES_MAX_AGE, 0, SIZE_MAX, command_health },
	{ "refresh", "FEED... [--no-wait]", "refresh now: for the instance's owner, and for root",
	  TAKES_NO_WAIT, 1, SIZE_MAX, command_refresh },
	{ "up", "[NAME=]CSV... | FILE.ini [OPTION...]", "serve CSV files, here or with --detach",
	  TAKES_UP, 0, SIZE_MAX, command_up },
	{ "down", "", "end the daemon of the instance", 0, 0, 0, command_down },
	{ "service", "install [SOURCE...] | uninstall | status", "what pip installed as a service",
	  0, 0, SIZE_MAX, NULL },
	{ "metrics", "", "all figures in Prometheus' text format", 0, 0, 0, command_metrics },
};

/* --- options ----------------------------------------------------------------------------------- */

static bool set_instance(struct command_line *l, const char *value)
{
	l->instance = value;
	return true;
}

static bool set_directory(struct command_line *l, const char *value)
{
	l->directory = value;
	return true;
}

static bool parse_count(uint64_t *out, const char *value, uint64_t most)
{
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(value, &end, 10);
	return errno == 0 && *end == '\0' && *out <= most;
}

static bool set_owner(struct command_line *l, const char *value)
{
	l->owner = value;
	return value[0] != '\0';
}

static bool set_json(struct command_line *l, const char *value)
{
	(void)value;
	l->json = true;
	return true;
}

static bool set_no_wait(struct command_line *l, const char *value)
{
	(void)value;
	l->no_wait = true;
	return true;
}

static bool set_holders(struct command_line *l, const char *value)
{
	(void)value;
	l->holders = true;
	return true;
}

static bool set_format(struct command_line *l, const char *value)
{
	static const char *const names[] = {
		[CAT_CSV] = "csv", [CAT_JSON] = "json", [CAT_ARROW] = "arrow"
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(value, names[i]) == 0) {
			l->format = (enum cat_format)i;
			return true;
		}
	}
	return false;
}

static bool set_head(struct command_line *l, const char *value)
{
	return parse_count(&l->head, value, UINT64_MAX);
}

static bool set_max_age(struct command_line *l, const char *value)
{
	return duration_parse(&l->max_age_ms, span_str(value));
}

static bool set_follow(struct command_line *l, const char *value)
{
	(void)value;
	l->follow = true;
	return true;
}

static bool set_detach(struct command_line *l, const char *value)
{
	(void)value;
	l->detach = true;
	return true;
}

static bool set_save(struct command_line *l, const char *value)
{
	l->save = value;
	return value[0] != '\0';
}

static bool set_interval(struct command_line *l, const char *value)
{
	uint64_t ms;

	l->interval = value;
	return duration_parse(&ms, span_str(value));
}

static bool set_key(struct command_line *l, const char *value)
{
	if (l->n_sets == ARRAY_LEN(l->sets) || strchr(value, '=') == NULL || value[0] == '=')
		return false;
	l->sets[l->n_sets++] = value;
	return true;
}

static const struct option {
	const char *name, *other; /* two spellings; `other` may be NULL */
	/* describes the value, for messages; NULL: the option takes none */
	const char *value;
	unsigned needs; /* an enum command_option; 0: every command takes the option */
	bool (*set)(struct command_line *l, const char *value);
} options[] = {
	{ "-i", "--instance", "a name", 0, set_instance },
	{ "-d", "--directory", "a path", 0, set_directory },
	{ "--owner", NULL, "a user", 0, set_owner },
	{ "--json", NULL, NULL, TAKES_JSON, set_json },
	{ "--no-wait", NULL, NULL, TAKES_NO_WAIT, set_no_wait },
	{ "--holders", NULL, NULL, TAKES_HOLDERS, set_holders },
	{ "--format", NULL, "csv, json or arrow", TAKES_FORMAT, set_format },
	{ "--head", NULL, "a number of rows", TAKES_HEAD, set_head },
	{ "--follow", NULL, NULL, TAKES_FOLLOW, set_follow },
	{ "--detach", NULL, NULL, TAKES_UP, set_detach },
	{ "--save", NULL, "the path of a new file", TAKES_UP, set_save },
	{ "--interval", NULL, "a duration with its unit: 500ms, 10s, 5m, 1h", TAKES_UP,
	  set_interval },
	{ "--set", NULL, "KEY=VALUE, 32 times at most", TAKES_UP, set_key },
	{ "--max-age", NULL, "a duration with its unit: 500ms, 10s, 5m, 1h", TAKES_MAX_AGE,
	  set_max_age },
};

/* --- help -------------------------------------------------------------------------------------- */

static void put_usage(struct out *o)
{
	out_str(o, "usage: shmpub [-i INSTANCE] [-d DIRECTORY] [--owner USER] COMMAND\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		out_printf(o, "  %-7s %-42s %s\n", commands[i].name, commands[i].usage,
		           commands[i].help);
	out_printf(o,
	           "\nInstance and directory also come from SHMPUB_INSTANCE and SHMPUB_DIRECTORY;\n"
	           "the defaults are %s and %s. --help, --version.\n",
	           SHMPUB_INSTANCE, SHMPUB_DIRECTORY);
}

/* For --help, which needs no command. */
static int print_help(void)
{
	struct out o = OUT_NONE;

	put_usage(&o);
	return out_end(&o);
}

static int print_version(void)
{
	struct out o = OUT_NONE;

	out_printf(&o, "shmpub %s\n", shmpub_version());
	return out_end(&o);
}

static int print_misuse(const char *format, const char *what, const char *more)
{
	static const char help[] = "shmpub --help tells how it is used\n";
	char line[400];

	(void)snprintf(line, sizeof(line), format, what, more);
	(void)session_say(line);
	terminal_write_error(help, sizeof(help) - 1);
	return EXIT_USAGE;
}

/* --- the command line -------------------------------------------------------------------------- */

struct parse {
	char **args; /* from argv; words that are not options are moved to the front */
	int n, at;
	size_t n_words;
	unsigned used; /* enum command_option of each option given */
	struct command_line *line;
};

static const struct option *find_option(const char *arg, size_t name_size)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];

		if (span_is(span_of(arg, name_size), o->name) ||
		    (o->other != NULL && span_is(span_of(arg, name_size), o->other)))
			return o;
	}
	return NULL;
}

/* Takes one option: --name value, --name=value, -n value, -nvalue. */
static int take_option(struct parse *p, char *arg)
{
	bool is_long = arg[1] == '-';
	size_t name_size = is_long ? strcspn(arg, "=") : 2;
	const struct option *o = find_option(arg, name_size);
	const char *value = NULL;

	if (o == NULL)
		return print_misuse("no option %s%s", arg, "");
	if (arg[name_size] != '\0')
		value = arg + name_size + is_long;
	if (o->value == NULL && value != NULL)
		return print_misuse("%s takes no value%s", o->name, "");
	if (o->value != NULL && value == NULL && p->at < p->n)
		value = p->args[p->at++];
	if (o->value != NULL && (value == NULL || !o->set(p->line, value)))
		return print_misuse("%s wants %s", o->name, o->value);
	if (o->value == NULL)
		(void)o->set(p->line, NULL);
	p->used |= o->needs;
	return EXIT_GOOD;
}

static int parse(struct parse *p)
{
	bool only_words = false;
	int r = EXIT_GOOD;

	while (p->at < p->n && r == EXIT_GOOD) {
		char *arg = p->args[p->at++];

		if (!only_words && strcmp(arg, "--") == 0)
			only_words = true;
		else if (!only_words && arg[0] == '-' && arg[1] != '\0')
			r = take_option(p, arg);
		else
			p->args[p->n_words++] = arg;
	}
	return r;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int run(const struct command *c, const struct command_line *line)
{
	struct shmpub_reader_options where = { .directory = line->directory,
		                               .instance = line->instance,
		                               .owner_name = line->owner };
	struct session s = { .line = line, .out = OUT_NONE };
	int r, written;

	r = shmpub_reader_open(&s.reader, &where, &s.err);
	if (r) {
		(void)session_fail(&s);
		return r == SHMPUB_ERR_INVALID ? EXIT_USAGE : EXIT_BAD;
	}
	r = c->run(&s);
	written = out_end(&s.out);
	shmpub_reader_close(s.reader);
	return r ? r : written;
}

static int dispatch(struct parse *p)
{
	const struct command *c;
	size_t n_feeds = p->n_words - 1;

	c = find_command(p->args[0]);
	if (c == NULL)
		return print_misuse("no command %s%s", p->args[0], "");
	if (c->run == NULL)
		return print_misuse("%s comes first: shmpub %s --help", c->name, c->name);
	if ((p->used & ~c->options) != 0)
		return print_misuse("%s takes %s", c->name,
		                    c->usage[0] != '\0' ? c->usage : "no options");
	if (n_feeds < c->min_feeds || n_feeds > c->max_feeds)
		return print_misuse("%s takes %s", c->name,
		                    c->usage[0] != '\0' ? c->usage : "nothing");
	p->line->feeds = p->args + 1;
	p->line->n_feeds = n_feeds;
	return run(c, p->line);
}

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

int main(int argc, char **argv)
{
	struct command_line line = { .instance = from_environment("SHMPUB_INSTANCE"),
		                     .directory = from_environment("SHMPUB_DIRECTORY"),
		                     .head = UINT64_MAX,
		                     .max_age_ms = UINT64_MAX };
	struct parse p = { .line = &line };
	int r;

	terminal_init();
	if (!standard_open() || !standard_arguments(&argc, &argv))
		return EXIT_BAD;
	if (argc > 1 && strcmp(argv[1], "service") == 0)
		return service_command(argc - 2, argv + 2);
	p.args = argv + 1;
	p.n = argc - 1;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return print_help();
		if (strcmp(argv[i], "--version") == 0)
			return print_version();
	}
	r = parse(&p);
	if (r == EXIT_GOOD && p.n_words == 0)
		r = print_misuse("a command is missing%s%s", "", "");
	return r ? r : dispatch(&p);
}
