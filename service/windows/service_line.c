#include "service_line.h"

#include <string.h>
#include <windows.h>
#include <shellapi.h>
#include "base/buffer.h"
#include "base/error.h"
#include "wide.h"

/*
 * Words are quoted for CommandLineToArgvW: there a backslash stands for itself, unless the run
 * of backslashes ends at a double quote. Then each backslash of the run is doubled.
 */

enum {
	WORD_PROGRAM,
	WORD_SERVICE,
	WORD_RUN,
	WORD_NAME_OPTION,
	WORD_NAME,
	WORD_CONFIG_OPTION,
	WORD_CONFIG,
	N_WORDS
};

/* Appends `run` backslashes: it doubles the run before a double quote. */
static int append_run(struct buffer *line, size_t run, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	for (; run > 0 && !r; run--)
		r = buffer_append(line, span_str("\\"), err);
	return r;
}

static int append_quoted(struct buffer *line, const char *word, struct shmpub_error *err)
{
	size_t run = 0;
	int r = buffer_append(line, span_str(line->size ? " \"" : "\""), err);

	for (const char *c = word; *c != '\0' && !r; c++) {
		if (*c == '"')
			r = append_run(line, run + 1, err);
		if (!r)
			r = buffer_append(line, span_of(c, 1), err);
		run = *c == '\\' ? run + 1 : 0;
	}
	if (!r)
		r = append_run(line, run, err);
	return r ? r : buffer_append(line, span_str("\""), err);
}

int service_line_make(wchar_t **out, const char *program, const char *name, const char *config,
                      struct shmpub_error *err)
{
	const char *words[N_WORDS] = {
		program, "service", "run", "--name", name, "--config", config
	};
	struct buffer line = BUFFER_NONE;
	int r = SHMPUB_OK;

	*out = NULL;
	for (size_t i = 0; i < N_WORDS && !r; i++) {
		if (strchr(words[i], '%') != NULL)
			r = error_set(err, SHMPUB_ERR_INVALID,
			              "'%s': the service manager takes %% for a variable; use a "
			              "name without it",
			              words[i]);
		else
			r = append_quoted(&line, words[i], err);
	}
	if (!r)
		r = wide_from_utf8(out, buffer_span(&line), err);
	buffer_free(&line);
	return r;
}

/*
 * Splits a command line of ours into N_WORDS words, to be freed by LocalFree(). NULL: it is not
 * ours.
 */
static wchar_t **split(const wchar_t *line)
{
	int n = 0;
	wchar_t **words = line != NULL ? CommandLineToArgvW(line, &n) : NULL;

	if (words != NULL && n == N_WORDS && wcscmp(words[WORD_SERVICE], L"service") == 0 &&
	    wcscmp(words[WORD_RUN], L"run") == 0 &&
	    wcscmp(words[WORD_NAME_OPTION], L"--name") == 0 &&
	    wcscmp(words[WORD_CONFIG_OPTION], L"--config") == 0)
		return words;
	LocalFree(words);
	return NULL;
}

bool service_line_is_ours(const wchar_t *line)
{
	wchar_t **words = split(line);

	LocalFree(words);
	return words != NULL;
}

int service_line_config(char **out, const wchar_t *line, struct shmpub_error *err)
{
	wchar_t **words = split(line);
	int r;

	*out = NULL;
	if (words == NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "the command line is not of shmpubd's");
	r = wide_to_utf8(out, words[WORD_CONFIG], err);
	LocalFree(words);
	return r;
}
