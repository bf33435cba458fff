#include "up_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "base/name.h"
#include "up_system.h"

/*
 * The daemon judges the text; here it is only seen that it says what the command line says, and no
 * more: nothing in a word may begin another line or a comment.
 */

#define ROOM 140 /* bytes of a value in one line, of the 199 that a line may have */

/* --- lines ------------------------------------------------------------------------------------- */

static bool can_begin(char c)
{
	return c != ' ' && c != '\t' && c != ';' && c != '#' && c != '[' &&
	       ((unsigned char)c & 0xC0) != 0x80; /* not within a character of UTF-8 */
}

static bool can_end(char c)
{
	return c != ' ' && c != '\t' && c != '\\';
}

/* How much of the value goes into the next line. */
static size_t part_size(struct span value)
{
	size_t n = value.size;

	if (n <= ROOM)
		return n;
	for (n = ROOM; n > 1 && (!can_begin(value.data[n]) || !can_end(value.data[n - 1]));)
		n--;
	return n;
}

/* Why an ini file cannot have the value; NULL: it can. */
static const char *find_fault(struct span value)
{
	for (size_t i = 0; i < value.size; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control character";
		if (c == ';' && i > 0 && (value.data[i - 1] == ' ' || value.data[i - 1] == '\t'))
			return "a ';' after a blank";
	}
	if (value.size &&
	    (!can_end(value.data[value.size - 1]) || value.data[0] == ' ' || value.data[0] == '\t'))
		return "a blank at an end, or a backslash at its end,";
	return NULL;
}

/* Appends "key = value", in several lines where one would be too long. */
static int put_entry(struct buffer *out, struct span key, struct span value,
                     struct shmpub_error *err)
{
	const char *fault = find_fault(value);
	size_t n;
	int r;

	if (fault != NULL)
		return error_set(err, SHMPUB_ERR_INVALID, "%.*s: %s cannot stand in an ini file",
		                 (int)value.size, value.data, fault);
	r = buffer_printf(out, err, "%.*s = ", (int)key.size, key.data);
	do {
		n = part_size(value);
		if (!r)
			r = buffer_append(out, span_of(value.data, n), err);
		value = span_of(value.data + n, value.size - n);
		if (!r)
			r = buffer_append(out, span_str(value.size ? "\\\n  " : "\n"), err);
	} while (!r && value.size);
	return r;
}

/* --- feeds ------------------------------------------------------------------------------------- */

/* Of two letters at least: "C:" is a drive. */
static bool has_scheme(const char *source)
{
	size_t n = strspn(source, "abcdefghijklmnopqrstuvwxyz"
	                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");

	return n > 1 && source[n] == ':';
}

static bool is_pattern(const char *source)
{
	return strpbrk(source, "*?[") != NULL;
}

/* The last part of the path that has a name in it: of "data/ *.csv" the folder's. */
static struct span named_part(const char *path)
{
	struct span part = SPAN_NONE;
	size_t n;

	for (const char *at = path; *at != '\0'; at += n + (at[n] != '\0')) {
		n = strcspn(at, "/\\");
		if (n != 0 && at[0] != '*' && at[0] != '?' && at[0] != '[' && at[0] != '.')
			part = span_of(at, n);
	}
	return part;
}

/* Up to the first '.', or what a pattern leaves open; then without '-' and '_' at the end. */
static struct span stem(struct span part)
{
	size_t n = 0;

	while (n < part.size && strchr(".*?[", part.data[n]) == NULL)
		n++;
	while (n > 0 && (part.data[n - 1] == '-' || part.data[n - 1] == '_'))
		n--;
	return span_of(part.data, n);
}

static bool is_name_byte(char c)
{
	struct span one = span_of(&c, 1);

	return name_is_feed(one) || c == '-';
}

int up_name(char out[UP_NAME_SIZE], const char **source, const char *word, struct shmpub_error *err)
{
	const char *equals = strchr(word, '=');
	struct span name = equals != NULL ? span_of(word, (size_t)(equals - word)) : SPAN_NONE;

	*source = word;
	if (equals != NULL && name_is_feed(name)) {
		*source = equals + 1;
	} else if (has_scheme(word)) {
		return error_set(err, SHMPUB_ERR_INVALID, "%s: a name is wanted before it: NAME=%s",
		                 word, word);
	} else {
		name = stem(named_part(word));
	}
	if (name.size == 0 || name.size >= UP_NAME_SIZE)
		return error_set(err, SHMPUB_ERR_INVALID,
		                 "%s: what shall the feed be called? Write NAME=%s", word, word);
	for (size_t i = 0; i < name.size; i++)
		out[i] = equals != NULL && *source != word ? name.data[i]
		         : is_name_byte(name.data[i])      ? name.data[i]
		                                           : '_';
	out[name.size] = '\0';
	if (out[0] == '-')
		out[0] = '_';
	return SHMPUB_OK;
}

/* A file that is not there is most likely a mistake in typing. */
static int check_there(const char *path, struct shmpub_error *err)
{
	FILE *file = fopen(path, "rb");

	if (file == NULL && errno == ENOENT)
		return error_sys(err, errno, "%s", path);
	if (file != NULL)
		(void)fclose(file);
	return SHMPUB_OK;
}

static int put_feed(struct buffer *out, const char *word, struct shmpub_error *err)
{
	struct buffer path = BUFFER_NONE;
	char name[UP_NAME_SIZE];
	const char *source;
	int r = up_name(name, &source, word, err);

	if (!r)
		r = buffer_printf(out, err, "\n[feed %s]\n", name);
	if (!r && has_scheme(source))
		return put_entry(out, span_str("source"), span_str(source), err);
	if (!r && !is_pattern(source))
		r = check_there(source, err);
	if (!r)
		r = up_absolute(&path, source, err);
	if (!r)
		r = put_entry(out, span_str("source"), buffer_span(&path), err);
	buffer_free(&path);
	return r;
}

static int check_twice(const struct command_line *l, size_t at, struct shmpub_error *err)
{
	char name[UP_NAME_SIZE], other[UP_NAME_SIZE];
	const char *source;
	int r = up_name(name, &source, l->feeds[at], err);

	for (size_t i = 0; i < at && !r; i++) {
		r = up_name(other, &source, l->feeds[i], err);
		if (!r && strcmp(name, other) == 0)
			return error_set(err, SHMPUB_ERR_INVALID,
			                 "%s and %s would both be the feed %s: write NAME=%s",
			                 l->feeds[i], l->feeds[at], name, l->feeds[at]);
	}
	return r;
}

static int put_options(struct buffer *out, const struct command_line *l, struct shmpub_error *err)
{
	int r = buffer_append(out, span_str("\n[defaults]\n"), err);

	if (!r)
		r = put_entry(out, span_str("interval"),
		              span_str(l->interval != NULL ? l->interval : "1s"), err);
	for (size_t i = 0; i < l->n_sets && !r; i++) {
		const char *equals = strchr(l->sets[i], '=');

		r = put_entry(out, span_of(l->sets[i], (size_t)(equals - l->sets[i])),
		              span_str(equals + 1), err);
	}
	return r;
}

int up_text(struct buffer *out, const struct command_line *l, const char *instance,
            struct shmpub_error *err)
{
	int r = buffer_append(out,
	                      span_str("; Made by \"shmpub up\"; shmpubd.ini(5) tells of it.\n"
	                               "[daemon]\n"),
	                      err);

	if (!r)
		r = put_entry(out, span_str("instance"), span_str(instance), err);
	if (!r && l->directory != NULL)
		r = put_entry(out, span_str("directory"), span_str(l->directory), err);
	if (!r)
		r = put_options(out, l, err);
	for (size_t i = 0; i < l->n_feeds && !r; i++) {
		r = check_twice(l, i, err);
		if (!r)
			r = put_feed(out, l->feeds[i], err);
	}
	return r;
}
