#include "api/name.h"
#include "api/reserved.h"
#include "base/error.h"
#include "reader/notifier.h"
#include "reader/reader.h"
#include "shmpub/new_rows.h"
#include "shmpub/shmpub.h"

/*
 * The functions of the public header that read. They check arguments; reader/ does the
 * work.
 */

static int check_options(const struct shmpub_reader_options *o, struct shmpub_error *err)
{
	int r;

	if (o == NULL)
		return SHMPUB_OK;
	r = reserved_check(o->reserved, ARRAY_LEN(o->reserved), "the reader's options", err);
	return r ? r : name_instance(o->instance, err);
}

int shmpub_reader_open(struct shmpub_reader **out, const struct shmpub_reader_options *options,
                       struct shmpub_error *err)
{
	int r;

	*out = NULL;
	r = check_options(options, err);
	return r ? r : reader_new(out, options, err);
}

void shmpub_reader_close(struct shmpub_reader *reader)
{
	reader_free(reader);
}

int shmpub_newest(struct shmpub_mark *out, struct shmpub_reader *reader, const char *feed,
                  struct shmpub_error *err)
{
	struct span name;
	int r;

	*out = (struct shmpub_mark){ 0 };
	r = name_feed(&name, feed, err);
	return r ? r : reader_newest(out, reader, name, err);
}

int shmpub_acquire(struct shmpub_snapshot **out, struct shmpub_reader *reader, const char *feed,
                   const struct shmpub_mark *seen, struct shmpub_error *err)
{
	struct span name;
	int r;

	*out = NULL;
	r = name_feed(&name, feed, err);
	return r ? r : reader_acquire(out, reader, name, seen, err);
}

int shmpub_wait(struct shmpub_reader *reader, const char *feed, const struct shmpub_mark *seen,
                int timeout_ms, struct shmpub_error *err)
{
	struct span name;
	int r;

	r = name_feed(&name, feed, err);
	return r ? r : reader_wait(reader, name, seen, timeout_ms, err);
}

int shmpub_wait_any(struct shmpub_reader *reader, uint64_t *change, int timeout_ms,
                    struct shmpub_error *err)
{
	return reader_wait_any(reader, change, timeout_ms, err);
}

void shmpub_interrupt(struct shmpub_reader *reader)
{
	reader_interrupt(reader);
}

int shmpub_notifier_open(struct shmpub_notifier **out, const struct shmpub_reader_options *options,
                         const char *feed, struct shmpub_error *err)
{
	struct span name = SPAN_NONE;
	int r;

	*out = NULL;
	r = check_options(options, err);
	if (r == SHMPUB_OK && feed != NULL)
		r = name_feed(&name, feed, err);
	return r ? r : notifier_open(out, options, name, err);
}

int shmpub_notifier_descriptor(const struct shmpub_notifier *notifier)
{
	return notifier_descriptor(notifier);
}

void shmpub_notifier_clear(struct shmpub_notifier *notifier)
{
	notifier_clear(notifier);
}

void shmpub_notifier_close(struct shmpub_notifier *notifier)
{
	notifier_close(notifier);
}

int shmpub_instance(struct shmpub_instance_info *out, struct shmpub_reader *reader,
                    struct shmpub_error *err)
{
	return reader_instance(out, reader, err);
}

int shmpub_feed(struct shmpub_feed_info *out, struct shmpub_reader *reader, const char *feed,
                struct shmpub_error *err)
{
	struct span name;
	int r;

	*out = (struct shmpub_feed_info){ 0 };
	r = name_feed(&name, feed, err);
	return r ? r : reader_feed(out, reader, name, err);
}

int shmpub_feed_errors(struct shmpub_feed_error out[SHMPUB_FEED_ERRORS], size_t *n,
                       struct shmpub_reader *reader, const char *feed, struct shmpub_error *err)
{
	struct span name;
	int r;

	*n = 0;
	r = name_feed(&name, feed, err);
	return r ? r : reader_feed_errors(out, n, reader, name, err);
}

int shmpub_feed_next(struct shmpub_feed_info *out, struct shmpub_reader *reader, uint32_t *position,
                     struct shmpub_error *err)
{
	return reader_feed_next(out, reader, position, err);
}

/* --- using a snapshot --------------------------------------------------------------------------- */

const struct shmpub_stamp *shmpub_snapshot_stamp(const struct shmpub_snapshot *snapshot)
{
	return &snapshot->stamp;
}

uint64_t shmpub_rows(const struct shmpub_snapshot *snapshot)
{
	return snapshot->view.table.n_rows;
}

const struct shmpub_column *shmpub_columns(const struct shmpub_snapshot *snapshot,
                                           size_t *n_columns)
{
	*n_columns = snapshot->view.table.n_columns;
	return snapshot->view.table.columns;
}

const struct shmpub_column *shmpub_column_named(const struct shmpub_snapshot *snapshot,
                                                const char *name)
{
	const struct table *t = &snapshot->view.table;
	struct span wanted = span_str(name);

	for (size_t i = 0; i < t->n_columns; i++) {
		if (span_eq(span_of(t->columns[i].name, t->columns[i].name_size), wanted))
			return &t->columns[i];
	}
	return NULL;
}

int shmpub_since(uint64_t *row, const struct shmpub_snapshot *snapshot,
                 const struct shmpub_snapshot *older)
{
	const struct shmpub_stamp *now = &snapshot->stamp, *then = &older->stamp;
	bool is_added = now->first_sequence != 0 && now->mark.epoch == then->mark.epoch &&
	                then->mark.sequence >= now->first_sequence &&
	                then->mark.sequence <= now->mark.sequence &&
	                older->view.table.n_rows <= snapshot->view.table.n_rows;

	*row = is_added ? older->view.table.n_rows : 0;
	return is_added ? SHMPUB_OK : SHMPUB_GAP;
}

const char *shmpub_source(const struct shmpub_snapshot *snapshot, size_t *size)
{
	*size = snapshot->view.origin.source.size;
	return snapshot->view.origin.source.data;
}

const void *shmpub_bytes(const struct shmpub_snapshot *snapshot, size_t *size)
{
	*size = snapshot->map.size;
	return snapshot->map.addr;
}

int shmpub_verify(const struct shmpub_snapshot *snapshot, struct shmpub_error *err)
{
	return held_verify(snapshot, err);
}

void shmpub_release(struct shmpub_snapshot *snapshot)
{
	held_free(snapshot);
}
