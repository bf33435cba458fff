#include "command.h"

#include <stdio.h>
#include "width.h"

/* What commands say on standard error: one line, fit for a terminal whatever its parts are. */

int session_say(const char *line)
{
	struct buffer text = BUFFER_NONE;

	if (width_printable(&text, span_str(line), NULL) == SHMPUB_OK)
		fprintf(stderr, "shmpub: %.*s\n", (int)text.size, text.size > 0 ? text.data : "");
	buffer_free(&text);
	return EXIT_BAD;
}

int session_fail(struct session *s)
{
	return session_say(s->err.message);
}

/* --- the name that may have been meant --------------------------------------------------------- */

/* Changes of one byte that make one name of the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[SHMPUB_FEED_MAX + 1], n = strlen(b);

	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t k = 0; k < n; k++) {
			size_t best = diagonal + (a[i] != b[k]);

			diagonal = row[k + 1];
			best = row[k] + 1 < best ? row[k] + 1 : best;
			row[k + 1] = diagonal + 1 < best ? diagonal + 1 : best;
		}
	}
	return row[n];
}

/* "" when nothing is near: within a third of what was typed. */
static void nearest(char out[SHMPUB_FEED_MAX + 1], struct shmpub_reader *reader, const char *feed)
{
	struct shmpub_feed_info info;
	size_t best = strlen(feed) / 3 + 1;
	uint32_t position = 0;

	out[0] = '\0';
	while (shmpub_feed_next(&info, reader, &position, NULL) == SHMPUB_OK) {
		size_t far = distance(feed, info.name);

		if (far > best || (far == best && out[0] != '\0'))
			continue;
		best = far;
		memcpy(out, info.name, sizeof(info.name));
	}
}

int session_fail_feed(struct session *s, const char *feed)
{
	char line[SHMPUB_ERROR_SIZE + SHMPUB_FEED_MAX + 32];
	char near[SHMPUB_FEED_MAX + 1] = "";

	if (s->err.code == SHMPUB_NO_FEED)
		nearest(near, s->reader, feed);
	if (near[0] == '\0')
		return session_fail(s);
	(void)snprintf(line, sizeof(line), "%s; %s is one", s->err.message, near);
	return session_say(line);
}

int session_nomem(void)
{
	return session_say("out of memory");
}
