#include <stdio.h>
#include <stdlib.h>
#include "app.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/span.h"
#include "base/standard.h"
#include "built.h"
#include "config_show.h"
#include "feed_test.h"
#include "path.h"
#include "process.h"
#include "service.h"

/*
 * shmpubd: the command line.
 *
 * Exit: 0 success; 1 the configuration is bad, the instance is taken, --once left a feed
 * unpublished, or --test could not read it; 2 the command line is wrong. "shmpubd service" has
 * exit codes of its own: see service.h.
 */

#define EXIT_USAGE 2

struct command {
	struct app_options app;
	const char *test; /* the feed of --test; NULL: not given */
	bool is_check, is_quiet, is_version, is_help;
};

static const char usage[] =
        "usage: shmpubd [-c FILE] [--check [--quiet] | --once | --test FEED | --until-eof]\n"
        "       shmpubd --version | --help\n"
        "       shmpubd service WORD [OPTION...]\n"
        "\n"
        "Publishes CSV sources as tables in shared memory, in the foreground.\n"
        "\n"
        "  -c FILE    the configuration (%s)\n"
        "  --check    judge the configuration: FILE:LINE: MESSAGE for each problem;\n"
        "             without one, a line for each feed, unless --quiet is given\n"
        "  --once     refresh every feed once, leave the snapshots in place, end\n"
        "  --test FEED  read one feed, print its columns, first rows and what is doubtful;\n"
        "             nothing is published\n"
        "  --until-eof  serve for whoever has the other end of standard input, a pipe: stop\n"
        "             when it ends, and remove the instance's folder\n"
        "  --version  print the version\n"
        "  --help     print this\n"
        "  service    the service on Windows; without a WORD it prints the words\n"
        "\n"
        "%s";

static const struct {
	const char *name;
	size_t offset; /* of a bool in struct command */
} flags[] = {
	{ "--check", offsetof(struct command, is_check) },
	{ "--quiet", offsetof(struct command, is_quiet) },
	{ "--once", offsetof(struct command, app.is_once) },
	{ "--until-eof", offsetof(struct command, app.is_until_eof) },
	{ "--version", offsetof(struct command, is_version) },
	{ "--help", offsetof(struct command, is_help) },
	{ "-h", offsetof(struct command, is_help) },
};

static bool set_flag(struct command *c, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (strcmp(word, flags[i].name) == 0) {
			*(bool *)((char *)c + flags[i].offset) = true;
			return true;
		}
	}
	return false;
}

static bool print_misuse(const char *config, const char *format, const char *word)
{
	struct shmpub_error err;

	error_set(&err, SHMPUB_ERR_INVALID, format, word);
	log_print(LOG_LEVEL_ERROR, "shmpubd: ", span_str(err.message));
	fprintf(stderr, usage, config, process_signals_help);
	return false;
}

/* Returns where the value of the option `word` goes; NULL: the option takes no value. */
static const char **value_of(struct command *c, const char *word)
{
	if (strcmp(word, "-c") == 0)
		return &c->app.path;
	return strcmp(word, "--test") == 0 ? &c->test : NULL;
}

/* `config`: the path of the configuration when -c is not given. */
static bool parse(struct command *c, int argc, char **argv, const char *config)
{
	const char **value;

	*c = (struct command){ .app = { .path = config } };
	for (int i = 1; i < argc; i++) {
		value = value_of(c, argv[i]);
		if (value != NULL && i + 1 == argc)
			return print_misuse(config, "%s wants a value", argv[i]);
		if (value != NULL)
			*value = argv[++i];
		else if (!set_flag(c, argv[i]))
			return print_misuse(config, "what is '%s'?", argv[i]);
	}
	if (c->is_check + c->app.is_once + c->app.is_until_eof + (c->test != NULL) > 1)
		return print_misuse(config, "%s exclude each other",
		                    "--check, --once, --test, --until-eof");
	if (c->is_quiet && !c->is_check)
		return print_misuse(config, "%s goes with --check", "--quiet");
	return true;
}

/* Prints the problems, one line each with file and line; without problems, the one failure. */
static int print_problems(struct config_problems *problems, const struct shmpub_error *err)
{
	if (problems->n)
		log_print(LOG_LEVEL_ERROR, "", buffer_span(&problems->lines));
	else
		log_print(LOG_LEVEL_ERROR, "shmpubd: ", span_str(err->message));
	config_problems_free(problems);
	return EXIT_FAILURE;
}

static int print_text(const struct buffer *text)
{
	if (fwrite(text->data, 1, text->size, stdout) == text->size && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	perror("shmpubd: standard output");
	return EXIT_FAILURE;
}

static int check(const struct command *c)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct buffer out = BUFFER_NONE;
	struct shmpub_error err;
	struct config *config;
	int status = EXIT_SUCCESS;

	if (config_judge(&config, c->app.path, &problems, &err))
		return print_problems(&problems, &err);
	log_print(LOG_LEVEL_WARNING, "", buffer_span(&problems.lines));
	config_problems_free(&problems);
	if (!c->is_quiet && config_show(&out, config, &err))
		status = print_problems(&problems, &err);
	else if (!c->is_quiet)
		status = print_text(&out);
	buffer_free(&out);
	config_free(config);
	return status;
}

static int test(const struct command *c)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct buffer out = BUFFER_NONE;
	struct shmpub_error err;
	int status;

	if (feed_test(&out, c->app.path, c->test, &problems, &err)) {
		buffer_free(&out);
		return print_problems(&problems, &err);
	}
	config_problems_free(&problems);
	status = print_text(&out);
	buffer_free(&out);
	return status;
}

static int serve(const struct command *c)
{
	struct config_problems problems = CONFIG_PROBLEMS_NONE;
	struct shmpub_error err;
	struct app app;
	int status;

	process_hold_reload();
	if (app_init(&app, &c->app, &problems, &err))
		return print_problems(&problems, &err);
	config_problems_free(&problems);
	status = app_run(&app);
	if (!app_deinit(&app))
		_Exit(status); /* exit() could wait for the thread that hangs */
	return status;
}

/* Makes an exit status of printf's result. Some failures to write show only at the flush. */
static int print_status(int n)
{
	if (n >= 0 && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	perror("shmpubd: standard output");
	return EXIT_FAILURE;
}

static int print_version(void)
{
	const char *lacks = built_without();

	if (lacks[0] == '\0')
		return print_status(printf("shmpubd %s\n", SHMPUB_VERSION_STRING));
	return print_status(printf("shmpubd %s\nwithout %s\n", SHMPUB_VERSION_STRING, lacks));
}

static int run_command(const struct command *c, const char *config)
{
	if (c->is_help)
		return print_status(printf(usage, config, process_signals_help));
	if (c->is_version)
		return print_version();
	if (c->test != NULL)
		return test(c);
	return c->is_check ? check(c) : serve(c);
}

int main(int argc, char **argv)
{
	struct command c;
	char *config;
	int status;

	if (!standard_open() || !standard_arguments(&argc, &argv))
		return EXIT_FAILURE;
	if (argc > 1 && strcmp(argv[1], "service") == 0)
		return service_command(argc - 2, argv + 2);
	config = path_of_config();
	if (config == NULL)
		return EXIT_FAILURE;
	status = parse(&c, argc, argv, config) ? run_command(&c, config) : EXIT_USAGE;
	mem_free(config);
	return status;
}
