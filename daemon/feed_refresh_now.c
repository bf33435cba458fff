#include "feed_parts.h"

/*
 * A refresh that somebody asks for. An attempt that is under way may have read the source already,
 * so then another one follows it at once.
 */

void feed_refresh_now(struct feed *f)
{
	f->is_asked = true;
	f->retry_ms = 0; /* no back-off: the source is read and not only looked at */
	if (!feed_is_busy(f))
		feed_attempt(f);
}
