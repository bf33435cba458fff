#include "wrap.h"

#include "base/utf8.h"
#include "show/width.h"

/* Returns where the line that begins at p ends. *next is where the next line begins. */
static const char *line_end(const char **next, const char *p, const char *end, size_t width)
{
	const char *blank = NULL, *from = p;
	size_t at = 0;

	while (p < end) {
		const char *here = p;

		at += width_of(utf8_next(&p, end));
		if (width > 0 && at > width && here > from) {
			*next = blank != NULL ? blank + 1 : here;
			return blank != NULL ? blank : here;
		}
		if (*here == ' ' && here > from)
			blank = here;
	}
	*next = end;
	return end;
}

static int put_lines(struct buffer *out, struct span text, size_t indent, size_t width,
                     struct shmpub_error *err)
{
	const char *p = text.data, *end = text.data + text.size;
	int r = SHMPUB_OK;

	while (p < end && r == SHMPUB_OK) {
		const char *next;
		const char *stop = line_end(&next, p, end, width);

		for (size_t i = 0; i < indent && r == SHMPUB_OK; i++)
			r = buffer_append(out, span_str(" "), err);
		if (r == SHMPUB_OK)
			r = buffer_append(out, span_of(p, (size_t)(stop - p)), err);
		if (r == SHMPUB_OK)
			r = buffer_append(out, span_str("\n"), err);
		p = next;
	}
	return r;
}

int wrap_text(struct buffer *out, struct span text, size_t indent, size_t width,
              struct shmpub_error *err)
{
	struct buffer printable = BUFFER_NONE;
	int r = width_printable(&printable, text, err);

	if (width > 0)
		width = width > indent ? width - indent : 1;
	if (r == SHMPUB_OK && printable.size > 0)
		r = put_lines(out, buffer_span(&printable), indent, width, err);
	buffer_free(&printable);
	return r;
}
