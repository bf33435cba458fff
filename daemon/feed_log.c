#include "feed_parts.h"

#include <stddef.h>
#include <stdio.h>
#include "base/error.h"

/*
 * What the log tells of a feed. A line that comes again and again is told once a minute, with how
 * often it came (fold.h).
 */

static struct log_event event_of(const struct feed *f, enum log_level level,
                                 const struct shmpub_error *err)
{
	return (struct log_event){
		.level = level,
		.feed = f->config->name,
		.code = err != NULL ? err->code : 0,
		.line = err != NULL ? err->line : 0,
	};
}

void feed_log(const struct feed *f, enum log_level level, const struct shmpub_error *err,
              const char *format, ...)
{
	struct log_event e = event_of(f, level, err);
	va_list args;

	va_start(args, format);
	log_event_v(f->host->log, &e, format, args);
	va_end(args);
}

/* --- a table -------------------------------------------------------------------------------------- */

static struct log_event event_of_table(const struct feed *f, enum log_level level)
{
	const struct catalog_descriptor *d = &f->refresh.descriptor;
	struct log_event e = event_of(f, level, NULL);

	e.has_table = true;
	e.sequence = d->sequence;
	e.rows = d->rows;
	e.bytes = d->size;
	e.duration_us = (d->read_ns + d->parse_ns) / 1000;
	return e;
}

/* " of 3 files", and how many of them were read if others were not. */
static void tell_files(char *out, size_t room, const struct refresh *r)
{
	size_t n = r->n_files, n_read = 0;
	int used;

	out[0] = '\0';
	if (n == 0)
		return;
	used = snprintf(out, room, " of %zu file%s", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n && r->choice.skips != NULL; i++)
		n_read += !r->choice.skips[i];
	if (r->choice.skips != NULL)
		snprintf(out + used, room - (size_t)used, ", %zu of them read", n_read);
}

void feed_log_published(const struct feed *f)
{
	struct log_event e = event_of_table(f, LOG_LEVEL_DEBUG);
	char of_files[80];

	tell_files(of_files, sizeof(of_files), &f->refresh);
	log_event(f->host->log, &e, "%llu rows%s, sequence %llu", (unsigned long long)e.rows,
	          of_files, (unsigned long long)e.sequence);
}

void feed_log_well(const struct feed *f, bool is_published)
{
	struct log_event e = is_published ? event_of_table(f, LOG_LEVEL_INFO)
	                                  : event_of(f, LOG_LEVEL_INFO, NULL);

	log_event(f->host->log, &e, "well again");
}

/* --- lines that repeat ---------------------------------------------------------------------------- */

static void log_times(struct feed *f, const struct fold_told *told, const struct shmpub_error *err,
                      const char *end)
{
	struct log_event e = event_of(f, LOG_LEVEL_WARNING, err);

	e.n_times = told->n_more;
	log_event(f->host->log, &e, "%s (%llu more time%s in %llu s%s)", told->text,
	          (unsigned long long)told->n_more, told->n_more == 1 ? "" : "s",
	          (unsigned long long)told->passed_ms / 1000, end);
}

bool feed_log_folded(struct feed *f, const char *line, const struct shmpub_error *err)
{
	struct fold_told told;

	f->host->tick_ms = 0; /* it may be counted */
	if (!fold_take(&told, &f->fold, line, feed_now_ms(f)))
		return false;
	if (told.n_more)
		log_times(f, &told, err, "");
	else
		feed_log(f, LOG_LEVEL_WARNING, err, "%s", line);
	return true;
}

/* --- what the other side of a fetch says ---------------------------------------------------------- */

static void log_told(struct feed *f, const struct fold_told *told)
{
	struct log_event e = event_of(f, LOG_LEVEL_INFO, NULL);
	struct shmpub_error safe;
	char times[64] = "";

	error_set(&safe, SHMPUB_OK, "%s", told->text);
	if (told->n_more)
		snprintf(times, sizeof(times), " (%llu more times in %llu s)",
		         (unsigned long long)told->n_more,
		         (unsigned long long)told->passed_ms / 1000);
	e.n_times = told->n_more;
	log_event(f->host->log, &e, "%s says: %s%s", f->config->source_name, safe.message, times);
}

void feed_log_told(struct fetch *fetch, const char *line)
{
	struct feed *f = (struct feed *)((char *)fetch - offsetof(struct feed, fetch));
	struct fold_told told;

	f->host->tick_ms = 0;
	if (fold_take(&told, &f->told, line, feed_now_ms(f)))
		log_told(f, &told);
}

/* -------------------------------------------------------------------------------------------------- */

void feed_log_counts(struct feed *f, bool is_last)
{
	uint64_t now = feed_now_ms(f);
	struct fold_told told;

	while (fold_due(&told, &f->fold, now, is_last))
		log_times(f, &told, NULL, f->is_failing ? "; failing now" : "; well now");
	while (fold_due(&told, &f->told, now, is_last)) {
		if (strcmp(told.text, "other reasons") == 0)
			told.text = "(other lines)";
		log_told(f, &told);
	}
}
