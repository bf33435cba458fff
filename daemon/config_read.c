#include "config_read.h"

#include <ini.h>
#include <stdio.h>
#include "base/buffer.h"
#include "base/error.h"
#include "base/utf8.h"

/*
 * inih fetches lines by a function like fgets, and calls back for every name and value. Our
 * function looks at each line before inih does. Where inih would silently cut, join or skip, it
 * tells a problem and gives inih an empty line instead. inih calls back before it fetches the
 * next line, so the number and kind of the reader's current line belong to that callback.
 */

enum line_kind { LINE_BLANK, LINE_SECTION, LINE_ENTRY, LINE_CONTINUED };

struct reader {
	struct span text;
	size_t at;
	unsigned line;
	enum line_kind kind;
	bool has_entry;      /* name and value hold an entry that may go on */
	unsigned entry_line; /* the line with its name */
	struct buffer name, value;
	const struct config_events *events;
	struct shmpub_error *err;
	int failed;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
	while (s.size && is_blank(s.data[0])) {
		s.data++;
		s.size--;
	}
	while (s.size && is_blank(s.data[s.size - 1]))
		s.size--;
	return s;
}

static void tell(struct reader *r, const char *message)
{
	if (!r->failed)
		r->failed = r->events->problem(r->events->arg, r->line, message, r->err);
}

/* Hands on the collected entry, which is complete because another one begins. */
static void end_entry(struct reader *r)
{
	if (r->has_entry && !r->failed)
		r->failed = r->events->entry(r->events->arg, r->entry_line, buffer_span(&r->name),
		                             buffer_span(&r->value), r->err);
	r->has_entry = false;
	r->name.size = 0;
	r->value.size = 0;
}

/* Takes the next line, without its newline. Returns false at the end of the text. */
static bool next_line(struct reader *r, struct span *out)
{
	const char *start = r->text.data + r->at, *end;
	size_t left = r->text.size - r->at;

	if (left == 0)
		return false;
	end = memchr(start, '\n', left);
	*out = span_of(start, end ? (size_t)(end - start) : left);
	r->at += out->size + (end != NULL);
	r->line++;
	if (out->size && out->data[out->size - 1] == '\r')
		out->size--;
	if (r->line == 1 && out->size >= 3 && memcmp(out->data, "\xEF\xBB\xBF", 3) == 0)
		*out = span_of(out->data + 3, out->size - 3);
	return true;
}

/* Says which bytes no line may have stand in this one; NULL: none. */
static const char *find_bad_bytes(struct span line)
{
	for (size_t i = 0; i < line.size; i++) {
		unsigned char c = (unsigned char)line.data[i];

		if (c == 0)
			return "a NUL byte: is this file UTF-16?";
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "a control character";
	}
	if (utf8_valid_prefix(line) != line.size)
		return "bytes that are not UTF-8";
	return NULL;
}

/*
 * Cuts the line where a comment begins after `from`: at a `;` with a blank before and after it.
 * inih needs only the blank before; text directly after the `;` may be meant as part of the
 * value, so that is a problem. Returns the problem or NULL.
 */
static const char *cut_comment(struct span *line, size_t from)
{
	for (size_t i = from; i < line->size; i++) {
		if (line->data[i] != ';' || i == 0 || !is_blank(line->data[i - 1]))
			continue;
		if (i + 1 < line->size && !is_blank(line->data[i + 1]))
			return "a ';' after a blank begins a comment: write '; ' for one, "
			       "or leave out the blank for text";
		if (trim(span_of(line->data + from, i - from)).size == 0)
			return "the value is empty: a ';' after a blank begins a comment "
			       "(for the delimiter write 'semicolon')";
		line->size = i;
	}
	return NULL;
}

static const char *check_section(struct reader *r, struct span line)
{
	const char *close = memchr(line.data, ']', line.size);
	struct span title, rest;

	if (close == NULL)
		return "a section without ']'";
	title = trim(span_of(line.data + 1, (size_t)(close - line.data) - 1));
	rest = trim(span_of(close + 1, line.size - (size_t)(close - line.data) - 1));
	if (rest.size && rest.data[0] != ';' && rest.data[0] != '#')
		return "text after a section's ']'";
	if (title.size == 0)
		return "a section without a name";
	if ((size_t)(close - line.data) - 1 > CONFIG_SECTION_MAX)
		return "a section's name is longer than 49 bytes";
	if (memchr(title.data, ';', title.size) != NULL)
		return "a ';' in a section's name";
	if (!r->failed)
		r->failed = r->events->section(r->events->arg, r->line, title, r->err);
	return NULL;
}

/* Checks a line NAME = VALUE. On success (NULL) *line has lost its comment. */
static const char *check_entry(struct span *line)
{
	size_t at = 0;
	struct span name;

	while (at < line->size && line->data[at] != '=' && line->data[at] != ':')
		at++;
	if (at == line->size)
		return "no '=' in this line";
	name = trim(span_of(line->data, at));
	if (name.size == 0)
		return "no name before the '='";
	if (line->data[at] == ':')
		return "a name ends at the first '=' or ':': write NAME = VALUE (a name with "
		       "one of these in it cannot be written here)";
	if (name.size > CONFIG_NAME_MAX)
		return "a name is longer than 49 bytes";
	if (memchr(name.data, ';', name.size) != NULL)
		return "a ';' in a name";
	return cut_comment(line, at + 1);
}

/*
 * Checks an indented line below an entry, which continues the value. If it looks like a section
 * or a key, the indent is probably a mistake.
 */
static const char *check_continued(struct reader *r, struct span *line)
{
	struct span text = trim(*line);
	const char *equals = memchr(text.data, '=', text.size);
	struct span name = equals ? trim(span_of(text.data, (size_t)(equals - text.data)))
	                          : SPAN_NONE;

	if (text.data[0] == '[' && text.data[text.size - 1] == ']')
		return "an indented line goes on with the value above: a section begins at the "
		       "line's beginning";
	if (name.size && r->events->is_key(r->events->arg, name))
		return "an indented line goes on with the value above: a key begins at the line's "
		       "beginning";
	return cut_comment(line, 0);
}

static const char *check_line(struct reader *r, struct span *line)
{
	struct span text = trim(*line);
	const char *bad = find_bad_bytes(*line);

	r->kind = LINE_BLANK;
	if (text.size == 0 || (!bad && (text.data[0] == ';' || text.data[0] == '#'))) {
		line->size = 0;
		return bad;
	}
	if (bad)
		return bad;
	if (line->size > CONFIG_LINE_MAX)
		return "a line is longer than 199 bytes: a value may go on in indented lines";
	if (is_blank(line->data[0]) && r->has_entry) {
		r->kind = LINE_CONTINUED;
		return check_continued(r, line);
	}
	*line = text;
	end_entry(r);
	if (text.data[0] == '[') {
		r->kind = LINE_SECTION;
		return check_section(r, text);
	}
	r->kind = LINE_ENTRY;
	return check_entry(line);
}

/* The entries below a bad section must not count as those of the section above it. */
static void skip_line(struct reader *r, struct span *line)
{
	if (r->kind == LINE_SECTION && !r->failed)
		r->failed = r->events->section(r->events->arg, r->line, SPAN_NONE, r->err);
	if (r->kind == LINE_ENTRY || r->kind == LINE_BLANK)
		end_entry(r);
	line->size = 0;
}

/*
 * The fgets of inih. It gives a short section line instead of the real one: inih would cut a
 * long title, and this reader has passed the title on itself.
 */
static char *fetch_line(char *out, int size, void *stream)
{
	struct reader *r = stream;
	struct span line;
	const char *bad;

	if (r->failed || !next_line(r, &line))
		return NULL;
	bad = check_line(r, &line);
	if (bad) {
		tell(r, bad);
		skip_line(r, &line);
	}
	if (r->kind == LINE_SECTION)
		line = bad ? SPAN_NONE : span_str("[s]");
	/* impossible: inih's buffer is larger than CONFIG_LINE_MAX */
	if (line.size >= (size_t)size) {
		tell(r, "a line is too long");
		line.size = 0;
	}
	if (line.size)
		memcpy(out, line.data, line.size);
	out[line.size] = '\0';
	return out;
}

static int append_continued(struct reader *r, const char *text)
{
	if (r->value.size && r->value.data[r->value.size - 1] == '\\')
		r->value.size--;
	else if (buffer_append(&r->value, span_str(" "), r->err))
		return SHMPUB_ERR_NOMEM;
	return buffer_append(&r->value, span_str(text), r->err);
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;

	(void)section;
	if (r->failed)
		return 0;
	if (r->kind == LINE_CONTINUED) {
		r->failed = append_continued(r, value);
		return 1;
	}
	r->has_entry = true;
	r->entry_line = r->line;
	r->failed = buffer_append(&r->name, span_str(name), r->err);
	if (!r->failed)
		r->failed = buffer_append(&r->value, span_str(value), r->err);
	return 1;
}

int config_read(struct span text, const struct config_events *events, struct shmpub_error *err)
{
	struct reader r = { .text = text,
		            .name = BUFFER_NONE,
		            .value = BUFFER_NONE,
		            .events = events,
		            .err = err };
	int parsed = ini_parse_stream(fetch_line, &r, on_pair, &r);

	end_entry(&r);
	if (parsed && !r.failed) /* inih refused a line that passed our checks */
		r.failed = events->problem(events->arg, parsed > 0 ? (unsigned)parsed : 0,
		                           "not a line of an ini file", err);
	buffer_free(&r.name);
	buffer_free(&r.value);
	return r.failed;
}
