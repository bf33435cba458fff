#include "service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/error.h"
#include "log.h"
#include "path.h"
#include "service_words.h"
#include "wide.h"

static const char usage[] =
        "usage: shmpubd service WORD [--name N] [OPTION...]\n"
        "\n"
        "  install    make a service that starts with Windows; options:\n"
        "             --config FILE   the whole path of its configuration\n"
        "             --auto-restart  start it again 1, 5 and 30 seconds after a failure\n"
        "             --anyway        even from a profile, a Python environment, a share, and\n"
        "                             with a configuration that another user owns\n"
        "  uninstall  stop it and remove it\n"
        "  start      start it; done when every feed was tried once, or after ten seconds\n"
        "  stop       stop it; done when it has ended\n"
        "  reload     have it read its configuration again, if that is well\n"
        "  status     print how it is: exit code 0 it runs, 3 it does not, 4 not installed\n"
        "\n"
        "  --name N   which service (" SERVICE_NAME ")\n"
        "\n"
        "All but 'status' take an administrator. The service tells its log to the event log:\n"
        "Windows Logs, Application, with the service's name as the source.\n";

static const struct {
	const char *word;
	int (*run)(const struct service_request *request, struct shmpub_error *err);
	bool has_config;    /* the word takes --config */
	bool is_installing; /* and --auto-restart, --anyway */
} words[] = {
	{ "install", service_install, true, true },
	{ "uninstall", service_uninstall, false, false },
	{ "start", service_start, false, false },
	{ "stop", service_stop, false, false },
	{ "reload", service_reload, false, false },
	{ "status", service_status, false, false },
	{ "run", service_run, true, false }, /* the service manager's command line */
};

static int refuse_usage(struct shmpub_error *err, const char *format, const char *word)
{
	return error_set(err, SERVICE_MISUSED, format, word);
}

static int take_value(const char **out, int *i, int argc, char **argv, struct shmpub_error *err)
{
	if (*i + 1 == argc)
		return refuse_usage(err, "%s wants a value", argv[*i]);
	*out = argv[++*i];
	return SHMPUB_OK;
}

/* Sets what the options say; `request` has the defaults. */
static int parse(struct service_request *request, size_t word, int argc, char **argv,
                 struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (int i = 1; i < argc && !r; i++) {
		if (strcmp(argv[i], "--name") == 0)
			r = take_value(&request->name, &i, argc, argv, err);
		else if (strcmp(argv[i], "--config") == 0 && words[word].has_config)
			r = take_value(&request->config, &i, argc, argv, err);
		else if (strcmp(argv[i], "--auto-restart") == 0 && words[word].is_installing)
			request->is_auto_restart = true;
		else if (strcmp(argv[i], "--anyway") == 0 && words[word].is_installing)
			request->is_anyway = true;
		else
			r = refuse_usage(err, "what is '%s'?", argv[i]);
	}
	return r;
}

static bool has_forbidden(const char *name)
{
	for (const char *c = name; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || strchr("/\\\"%", *c) != NULL)
			return true;
	}
	return false;
}

/*
 * Applies the manager's rules for names, and refuses characters that would be lost in a command
 * line.
 */
static int check_name(const char *name, struct shmpub_error *err)
{
	wchar_t *wide;
	int r = wide_from_utf8(&wide, span_str(name), err);

	if (r)
		return refuse_usage(err, "--name is not UTF-8%s", "");
	if (name[0] == '\0')
		r = refuse_usage(err, "--name is empty%s", "");
	else if (wcslen(wide) > SERVICE_NAME_MAX)
		r = refuse_usage(err, "--name '%.40s...' is longer than 256 characters", name);
	else if (has_forbidden(name))
		r = refuse_usage(err,
		                 "--name '%s': a service's name has no slash, quote, percent or "
		                 "control character",
		                 name);
	mem_free(wide);
	return r;
}

/* Returns an index of `words`; ARRAY_LEN(words): there is no such word. */
static size_t find_word(const char *word)
{
	size_t i = 0;

	while (i < ARRAY_LEN(words) && strcmp(words[i].word, word) != 0)
		i++;
	return i;
}

static int print_result(int r, const struct shmpub_error *err)
{
	if (r != SHMPUB_OK && r != SERVICE_TOLD && r != SERVICE_STANDS)
		log_print(LOG_LEVEL_ERROR, "shmpubd: ", span_str(err->message));
	if (fflush(stdout) != 0 && r == SHMPUB_OK)
		r = SHMPUB_ERR_SYS;
	return r < 0 ? EXIT_FAILURE : r; /* positive answers are exit codes */
}

static int run_word(size_t word, int argc, char **argv, struct shmpub_error *err)
{
	char *config = path_of_config();
	struct service_request request = { .name = SERVICE_NAME, .config = config };
	int r;

	if (config == NULL)
		return error_nomem(err, 0);
	r = parse(&request, word, argc, argv, err);
	if (!r)
		r = check_name(request.name, err);
	if (!r)
		r = words[word].run(&request, err);
	mem_free(config);
	return r;
}

int service_command(int argc, char **argv)
{
	struct shmpub_error err;
	size_t word;

	if (argc < 1 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
		fputs(usage, argc < 1 ? stderr : stdout);
		return argc < 1 ? SERVICE_MISUSED : EXIT_SUCCESS;
	}
	word = find_word(argv[0]);
	if (word == ARRAY_LEN(words)) {
		print_result(refuse_usage(&err, "there is no 'shmpubd service %s'", argv[0]), &err);
		fputs(usage, stderr);
		return SERVICE_MISUSED;
	}
	return print_result(run_word(word, argc, argv, &err), &err);
}
