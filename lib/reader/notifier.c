#include "reader/notifier.h"

#include "base/alloc.h"
#include "base/atomic.h"
#include "base/error.h"
#include "reader/reader.h"
#include "shm/shm_bell.h"
#include "shm/shm_thread.h"

/*
 * Publishers wake their readers by a futex, and no event loop can wait for a futex. So a thread
 * with a reader of its own waits for the futex and raises an event, which is a descriptor.
 *
 * The event is raised after each change that the thread sees, and stays raised until the program
 * clears it. A program clears the event first and then looks for a new snapshot, so a snapshot
 * that comes between the two raises the event again.
 */

/* The pause after an answer such as SHMPUB_NO_FEED, with which a wait returns at once. */
#define RETRY_MS 500

struct shmpub_notifier {
	struct shmpub_reader *reader; /* used by the thread only, but for reader_interrupt() */
	struct shm_event event;
	struct shm_thread *thread;
	struct shm_alarm closing;
	size_t feed_size; /* 0: any change */
	char feed[SHMPUB_FEED_MAX];
};

static bool is_closing(const struct shmpub_notifier *n)
{
	return shm_alarm_count(&n->closing) != 0;
}

/* Returns when the time has passed, or earlier when the notifier is closed. */
static void pause_for(struct shmpub_notifier *n, uint32_t ms)
{
	(void)shm_bell_wait(&(struct shm_watch){ .alarm = &n->closing }, ms);
}

static void follow_feed(struct shmpub_notifier *n)
{
	struct shmpub_mark seen = { 0 }, newest;
	struct span feed = span_of(n->feed, n->feed_size);

	while (!is_closing(n)) {
		int r = reader_wait(n->reader, feed, &seen, -1, NULL);

		if (r == SHMPUB_OK && reader_newest(&newest, n->reader, feed, NULL) == SHMPUB_OK) {
			seen = newest;
			shm_event_raise(&n->event);
		} else if (r != SHMPUB_INTERRUPTED) {
			pause_for(n, RETRY_MS);
		}
	}
}

static void follow_all(struct shmpub_notifier *n)
{
	uint64_t change = 0;

	while (!is_closing(n)) {
		int r = reader_wait_any(n->reader, &change, -1, NULL);

		if (r == SHMPUB_OK)
			shm_event_raise(&n->event);
		else if (r != SHMPUB_INTERRUPTED)
			pause_for(n, RETRY_MS);
	}
}

static void follow(void *arg)
{
	struct shmpub_notifier *n = arg;

	if (n->feed_size > 0)
		follow_feed(n);
	else
		follow_all(n);
}

int notifier_open(struct shmpub_notifier **out, const struct shmpub_reader_options *options,
                  struct span feed, struct shmpub_error *err)
{
	struct shmpub_notifier *n = mem_zalloc(1, sizeof(*n));
	int r;

	*out = NULL;
	if (n == NULL)
		return error_nomem(err, sizeof(*n));
	n->event = SHM_EVENT_NONE;
	n->closing = SHM_ALARM_NONE;
	n->feed_size = feed.size;
	if (feed.size > 0)
		memcpy(n->feed, feed.data, feed.size);
	r = shm_alarm_open(&n->closing, err);
	if (r == SHMPUB_OK)
		r = reader_new(&n->reader, options, err);
	if (r == SHMPUB_OK)
		r = shm_event_open(&n->event, err);
	if (r == SHMPUB_OK)
		r = shm_thread_start(&n->thread, follow, n, err);
	if (r != SHMPUB_OK) {
		notifier_close(n);
		return r;
	}
	*out = n;
	return SHMPUB_OK;
}

int notifier_descriptor(const struct shmpub_notifier *n)
{
	return n->event.fd;
}

void notifier_clear(struct shmpub_notifier *n)
{
	shm_event_clear(&n->event);
}

void notifier_close(struct shmpub_notifier *n)
{
	if (n == NULL)
		return;
	shm_alarm_raise(&n->closing);
	if (n->reader != NULL)
		reader_interrupt(n->reader);
	shm_thread_join(n->thread);
	reader_free(n->reader);
	shm_event_close(&n->event);
	shm_alarm_close(&n->closing);
	mem_free(n);
}
