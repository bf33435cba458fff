#include "command.h"

#include "show/width.h"
#include "terminal.h"

/*
 * What commands print on standard error: one line that is safe for a terminal, even if parts of
 * it come from a table or a name.
 */

int session_say(const char *line)
{
	static const char name[] = "shmpub: ";
	struct buffer text = BUFFER_NONE;

	if (buffer_append(&text, span_str(name), NULL) == SHMPUB_OK &&
	    width_printable(&text, span_str(line), NULL) == SHMPUB_OK &&
	    buffer_append(&text, span_str("\n"), NULL) == SHMPUB_OK)
		terminal_write_error(text.data, text.size);
	buffer_free(&text);
	return EXIT_BAD;
}

int session_fail(struct session *s)
{
	return session_say(s->err.message);
}

int session_fail_feed(struct session *s, const char *feed)
{
	struct shmpub_feed_info info;

	if (s->err.code == SHMPUB_NO_FEED) /* its message suggests a name */
		(void)shmpub_feed(&info, s->reader, feed, &s->err);
	return session_fail(s);
}

int session_nomem(void)
{
	return session_say("out of memory");
}
