#include "fold.h"

#include <stdio.h>
#include <string.h>

/*
 * A handful of lines is remembered with the time when each was told. A source that fails
 * and recovers at each look is one line a minute, a reason that changes is another line.
 */

static bool is_old(const struct fold_line *l, uint64_t now_ms)
{
	return l->text[0] == '\0' || now_ms - l->told_ms >= FOLD_MS;
}

static void tell(struct fold_told *out, struct fold_line *l, uint64_t now_ms)
{
	*out = (struct fold_told){ l->text, l->n_more, now_ms - l->told_ms };
	l->n_more = 0;
	l->told_ms = now_ms;
}

/* The line's own place, or one of an old line of which nothing is still to be told; NULL: none. */
static struct fold_line *find(struct fold *f, const char *line, uint64_t now_ms)
{
	struct fold_line *room = NULL;

	for (size_t i = 0; i < FOLD_LINES; i++) {
		struct fold_line *l = &f->lines[i];

		if (strcmp(l->text, line) == 0)
			return l;
		if (is_old(l, now_ms) && l->n_more == 0)
			room = l;
	}
	if (room != NULL) {
		snprintf(room->text, sizeof(room->text), "%s", line);
		room->told_ms = now_ms - FOLD_MS;
	}
	return room;
}

bool fold_take(struct fold_told *out, struct fold *f, const char *line, uint64_t now_ms)
{
	struct fold_line *l = find(f, line, now_ms);

	if (l != NULL && is_old(l, now_ms)) {
		tell(out, l, now_ms);
		return true;
	}
	if (l == NULL) {
		l = &f->others;
		if (l->n_more == 0)
			l->told_ms = now_ms;
	}
	l->n_more++;
	return false;
}

bool fold_due(struct fold_told *out, struct fold *f, uint64_t now_ms, bool is_last)
{
	for (size_t i = 0; i <= FOLD_LINES; i++) {
		struct fold_line *l = i < FOLD_LINES ? &f->lines[i] : &f->others;

		if (l->n_more == 0 || (!is_last && now_ms - l->told_ms < FOLD_MS))
			continue;
		tell(out, l, now_ms);
		if (l == &f->others)
			out->text = "other reasons";
		return true;
	}
	return false;
}
