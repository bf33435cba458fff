#include "command_line.h"

#include <stdbool.h>
#include "base/alloc.h"
#include "base/error.h"

/*
 * One pass writes the words, each with its NUL, into a block that has room for the most that
 * there can be: a line of n bytes has no more than (n + 1) / 2 words.
 */

struct splitter {
	const char *at, *end;
	char *to; /* where the next byte of a word goes */
	char **words;
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int take_single(struct splitter *s, struct shmpub_error *err)
{
	for (s->at++; s->at < s->end; s->at++) {
		if (*s->at == '\'') {
			s->at++;
			return SHMPUB_OK;
		}
		*s->to++ = *s->at;
	}
	return error_set(err, SHMPUB_ERR_INVALID, "a ' without its end");
}

static int take_double(struct splitter *s, struct shmpub_error *err)
{
	for (s->at++; s->at < s->end; s->at++) {
		if (*s->at == '"') {
			s->at++;
			return SHMPUB_OK;
		}
		if (*s->at == '\\' && s->at + 1 < s->end && (s->at[1] == '"' || s->at[1] == '\\'))
			s->at++;
		*s->to++ = *s->at;
	}
	return error_set(err, SHMPUB_ERR_INVALID, "a \" without its end");
}

static int take_escaped(struct splitter *s, struct shmpub_error *err)
{
	if (s->at + 1 == s->end)
		return error_set(err, SHMPUB_ERR_INVALID, "a backslash at the end");
	*s->to++ = s->at[1];
	s->at += 2;
	return SHMPUB_OK;
}

static int take_word(struct splitter *s, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	s->words[s->n++] = s->to;
	while (!r && s->at < s->end && !is_blank(*s->at)) {
		if (*s->at == '\'')
			r = take_single(s, err);
		else if (*s->at == '"')
			r = take_double(s, err);
		else if (*s->at == '\\')
			r = take_escaped(s, err);
		else
			*s->to++ = *s->at++;
	}
	*s->to++ = '\0';
	return r;
}

static int take_words(struct splitter *s, struct shmpub_error *err)
{
	int r = SHMPUB_OK;

	while (!r && s->at < s->end) {
		if (is_blank(*s->at))
			s->at++;
		else
			r = take_word(s, err);
	}
	s->words[s->n] = NULL;
	if (!r && s->n == 0)
		return error_set(err, SHMPUB_ERR_INVALID, "no word");
	return r;
}

int command_line_split(char ***out, size_t *n, struct span line, struct shmpub_error *err)
{
	size_t most = line.size / 2 + 2; /* with the NULL */
	char **words = mem_zalloc(1, most * sizeof(*words) + line.size + most);
	struct splitter s = { line.data, line.data + line.size, NULL, words, 0 };
	int r;

	*out = NULL;
	if (words == NULL)
		return error_nomem(err, line.size);
	s.to = (char *)(words + most);
	r = take_words(&s, err);
	if (r) {
		mem_free(words);
		return r;
	}
	*out = words;
	if (n != NULL)
		*n = s.n;
	return SHMPUB_OK;
}
