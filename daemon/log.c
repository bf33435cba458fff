#include "log.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>
#include "base/buffer.h"
#include "base/error.h"
#include "process.h"
#include "shm/shm.h"

/*
 * An event is put down as a whole and handed to the log's thread, which writes it. For the journal
 * each event goes with the line that standard error gets when the journal does not take the event.
 */

#define STANDARD_ERROR 2

int log_level_parse(struct span name)
{
	return log_level_find(name.data, name.size);
}

int log_format_parse(struct span name)
{
	static const char *const names[] = { [LOG_FORMAT_AUTO] = "auto",
		                             [LOG_FORMAT_TEXT] = "text",
		                             [LOG_FORMAT_LOGFMT] = "logfmt",
		                             [LOG_FORMAT_JOURNAL] = "journal" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (span_is(name, names[i]))
			return (int)i;
	}
	return -1;
}

/* --- the journal ---------------------------------------------------------------------------------- */

/* What stands in the queue for the journal: this, the record, the line. */
struct frame {
	uint32_t record_size, line_size;
};

/* The log's thread. */
static void write_journal(void *arg, const char *frames, size_t size)
{
	struct log *log = arg;
	struct frame f;

	while (size >= sizeof(f)) {
		memcpy(&f, frames, sizeof(f));
		frames += sizeof(f);
		if (log_journal_write(&log->journal, frames, f.record_size) != 0)
			log_queue_write_standard_error(frames + f.record_size, f.line_size);
		frames += f.record_size + f.line_size;
		size -= sizeof(f) + f.record_size + f.line_size;
	}
}

static size_t write_frame(char *out, const struct log *log, const struct log_event *e,
                          int64_t now_ns)
{
	char *record = out + sizeof(struct frame);
	size_t n = log_event_write(record, LOG_FORM_JOURNAL, e, now_ns);
	size_t line = log_event_write(record + n, log->spare_form, e, now_ns);
	struct frame f = { (uint32_t)n, (uint32_t)line };

	memcpy(out, &f, sizeof(f));
	return sizeof(f) + n + line;
}

/* --- events --------------------------------------------------------------------------------------- */

#define PUT_SIZE (sizeof(struct frame) + 2 * LOG_RECORD_SIZE)

static size_t write_event(char out[PUT_SIZE], const struct log *log, const struct log_event *e)
{
	int64_t now = shm_now_ns();

	return log->form == LOG_FORM_JOURNAL ? write_frame(out, log, e, now)
	                                     : log_event_write(out, log->form, e, now);
}

/* The log's thread. */
static size_t write_lost(void *arg, char *out, const char *text)
{
	struct log_event e = { .level = LOG_LEVEL_WARNING, .text = text };

	return write_event(out, arg, &e);
}

void log_event_v(const struct log *log, const struct log_event *e, const char *format, va_list args)
{
	char text[LOG_TEXT_SIZE + 8], out[PUT_SIZE];
	struct log_event event = *e;

	if ((int)e->level > log->level || log->queue == NULL)
		return;
	vsnprintf(text, sizeof(text), format, args);
	event.text = text;
	log_queue_put(log->queue, out, write_event(out, log, &event));
}

void log_event(const struct log *log, const struct log_event *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_event_v(log, e, format, args);
	va_end(args);
}

void log_line(const struct log *log, enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_event_v(log, &(struct log_event){ .level = level }, format, args);
	va_end(args);
}

/* --- opening -------------------------------------------------------------------------------------- */

/* A journal that reads lines takes the level from the number in front (sd-daemon(3)). */
static enum log_form line_form(enum log_format format)
{
	bool has_journal = process_has_journal();

	if (format == LOG_FORMAT_AUTO && !has_journal)
		format = uv_guess_handle(STANDARD_ERROR) == UV_TTY ? LOG_FORMAT_TEXT
		                                                   : LOG_FORMAT_LOGFMT;
	if (format == LOG_FORMAT_LOGFMT)
		return has_journal ? LOG_FORM_LEVEL_LOGFMT : LOG_FORM_LOGFMT;
	return has_journal ? LOG_FORM_LEVELS : LOG_FORM_TEXT;
}

/* A socket of the journal that is not there (a container?) is a failure only where it was asked for. */
static int open_journal(struct log *log, enum log_format format, struct shmpub_error *err)
{
	bool is_asked = format == LOG_FORMAT_JOURNAL;
	struct shmpub_error why;

	if (!is_asked && !(format == LOG_FORMAT_AUTO && process_has_journal()))
		return SHMPUB_OK;
	if (log_journal_open(&log->journal, &why) != SHMPUB_OK)
		return is_asked ? error_set(err, SHMPUB_ERR_SYS, "log_format = journal: %s",
		                            why.message)
		                : SHMPUB_OK;
	log->form = LOG_FORM_JOURNAL;
	log->sink = (struct log_sink){ .name = "the journal", .write = write_journal, .arg = log };
	return SHMPUB_OK;
}

int log_open(struct log *log, int level, enum log_format format, const struct log_sink *sink,
             struct shmpub_error *err)
{
	struct log_lost lost = { .write = write_lost, .arg = log, .size = PUT_SIZE };
	int r = SHMPUB_OK;

	*log = (struct log){ .level = level, .journal = LOG_JOURNAL_NONE };
	log->form = log->spare_form = sink != NULL ? LOG_FORM_LEVELS : line_form(format);
	if (sink == NULL)
		r = open_journal(log, format, err);
	if (!r)
		r = log_queue_open(&log->queue, log->form == LOG_FORM_JOURNAL ? &log->sink : sink,
		                   lost, err);
	if (r)
		log_journal_close(&log->journal);
	return r;
}

bool log_close(struct log *log)
{
	bool is_over = log_queue_close(log->queue);

	log->queue = NULL;
	if (is_over) /* else its thread may still write there */
		log_journal_close(&log->journal);
	return is_over;
}

/* --- without a log -------------------------------------------------------------------------------- */

/* Writes the line in one piece: on Windows a stream without a buffer may write it byte by byte. */
static void print_line(const char *prefix, struct span line)
{
	struct buffer whole = BUFFER_NONE;

	if (buffer_append(&whole, span_str(prefix), NULL) == SHMPUB_OK &&
	    buffer_append(&whole, line, NULL) == SHMPUB_OK &&
	    buffer_append(&whole, span_str("\n"), NULL) == SHMPUB_OK)
		(void)fwrite(whole.data, 1, whole.size, stderr);
	else
		fprintf(stderr, "%s%.*s\n", prefix, (int)line.size, line.data);
	buffer_free(&whole);
}

void log_print(enum log_level level, const char *prefix, struct span lines)
{
	char journal[8];

	snprintf(journal, sizeof(journal), "<%d>", log_level_priority(level));
	if (process_has_journal())
		prefix = journal;
	while (lines.size) {
		const char *end = memchr(lines.data, '\n', lines.size);
		size_t n = end != NULL ? (size_t)(end - lines.data) : lines.size;

		print_line(prefix, span_of(lines.data, n));
		n += end != NULL;
		lines = span_of(lines.data + n, lines.size - n);
	}
}
