#include "fold.h"

#include <stdio.h>
#include <string.h>

/*
 * A few lines are remembered with the time when each was told last. A source that fails and
 * recovers at every attempt makes one line a minute; a failure for another reason is another
 * line.
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

/*
 * Returns the entry of this line. If it has none, the entry of an old line with no count to
 * tell is given to it. NULL: there is no such entry.
 */
static struct fold_line *find_or_take_entry(struct fold *f, const char *line, uint64_t now_ms)
{
	struct fold_line *free_entry = NULL;

	for (size_t i = 0; i < FOLD_LINES; i++) {
		struct fold_line *l = &f->lines[i];

		if (strcmp(l->text, line) == 0)
			return l;
		if (is_old(l, now_ms) && l->n_more == 0)
			free_entry = l;
	}
	if (free_entry != NULL) {
		snprintf(free_entry->text, sizeof(free_entry->text), "%s", line);
		free_entry->told_ms = now_ms - FOLD_MS;
	}
	return free_entry;
}

bool fold_take(struct fold_told *out, struct fold *f, const char *line, uint64_t now_ms)
{
	struct fold_line *l = find_or_take_entry(f, line, now_ms);

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
	f->has_counts = true;
	return false;
}

bool fold_due(struct fold_told *out, struct fold *f, uint64_t now_ms, bool is_last)
{
	bool has_counts = false;

	for (size_t i = 0; f->has_counts && i <= FOLD_LINES; i++) {
		struct fold_line *l = i < FOLD_LINES ? &f->lines[i] : &f->others;

		has_counts |= l->n_more > 0;
		if (l->n_more == 0 || (!is_last && now_ms - l->told_ms < FOLD_MS))
			continue;
		tell(out, l, now_ms);
		if (l == &f->others)
			out->text = "other reasons";
		return true;
	}
	f->has_counts = has_counts;
	return false;
}
