#include "shm/shm_win32.h"

#include "shm/shm_bell.h"

#include <stdio.h>

#include "base/atomic.h"

/*
 * shm_bell.h on Windows: four manual-reset events that are used in turn.
 *
 * A manual-reset event that is set wakes all who wait for it, and all who begin to wait later. So
 * it must be reset before it is used again, at a time when nobody waits for it. The word `turn` in
 * the catalog counts the rings; readers wait for the event turn % 4. A ring resets the next event,
 * counts `turn` up, and sets the event of the old turn. A reader loads `turn`, then looks at its
 * own word, then waits. If the word changes after the look, the event that it waits for is set, and
 * stays set for three more rings. A reader that is suspended for longer between look and wait could
 * miss that: therefore its first wait is short, and it looks again.
 *
 * Without events (their access list does not allow this user to open them, or the publisher has
 * closed them) a wait looks at the word again and again, with growing pauses.
 */

#define FIRST_SLICE_MS 20u /* the longest first wait */
#define POLL_MOST_MS 20u   /* the longest pause without events */

/* --- events ------------------------------------------------------------------------------------ */

static void leaf_of(char out[SHM_LEAF_UNITS], int i)
{
	snprintf(out, SHM_LEAF_UNITS, "bell.%d", i);
}

/* Use the event of an earlier publisher, which still exists because readers have it open. */
static int take_old(HANDLE event, const char *path, const char *leaf,
                    const struct shm_access *access, struct shmpub_error *err)
{
	char what[300];
	DWORD sys;
	int r;

	snprintf(what, sizeof(what), "%s/%s", path, leaf);
	r = shm_check_ours(event, what, err);
	if (r != SHMPUB_OK)
		return r;
	sys = shm_list_set(event, &shm_event_rights, access);
	return sys != 0 ? shm_error_win32(err, sys, "%s: set its access list", what) : SHMPUB_OK;
}

static int make_event(int *out, const char *path, int i, const struct shm_access *access,
                      struct shmpub_error *err)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	char leaf[SHM_LEAF_UNITS];
	struct shm_list list;
	HANDLE event;
	DWORD sys;
	int r = shm_list_init(&list, &shm_event_rights, access, err);

	if (r != SHMPUB_OK)
		return r;
	leaf_of(leaf, i);
	shm_object_name(name, path, leaf);
	SetLastError(ERROR_SUCCESS);
	event = CreateEventW(&list.attributes, TRUE, FALSE, name);
	sys = GetLastError();
	if (event == NULL && sys == ERROR_INVALID_HANDLE)
		return shm_name_taken(path, leaf, "which is of another kind", err);
	if (event == NULL)
		return shm_error_win32(err, sys, "make the event %s/%s", path, leaf);
	r = sys == ERROR_ALREADY_EXISTS ? take_old(event, path, leaf, access, err) : SHMPUB_OK;
	if (r == SHMPUB_OK)
		return shm_take_handle(out, event, err);
	CloseHandle(event);
	return r;
}

/* An old event of the current turn may still be set, and is reset; rings will reset the others. */
int shm_bell_make(struct shm_bell *out, const struct shm_dir *dir, uint32_t *turn,
                  const struct shm_access *access, struct shmpub_error *err)
{
	struct shm_bell bell = SHM_BELL_NONE;
	int r = SHMPUB_OK;

	*out = SHM_BELL_NONE;
	bell.turn = turn;
	for (int i = 0; i < SHM_BELL_EVENTS && r == SHMPUB_OK; i++)
		r = make_event(&bell.events[i], dir->path, i, access, err);
	if (r != SHMPUB_OK) {
		shm_bell_close(&bell);
		return r;
	}
	ResetEvent(shm_handle(bell.events[load_relaxed_u32(turn) % SHM_BELL_EVENTS]));
	*out = bell;
	return SHMPUB_OK;
}

void shm_bell_open(struct shm_bell *out, const struct shm_dir *dir, const uint32_t *turn)
{
	wchar_t name[SHM_NAME_UNITS + 1];
	char leaf[SHM_LEAF_UNITS];

	*out = SHM_BELL_NONE;
	out->turn = (uint32_t *)turn; /* a reader only reads it */
	for (int i = 0; i < SHM_BELL_EVENTS; i++) {
		HANDLE event;

		leaf_of(leaf, i);
		shm_object_name(name, dir->path, leaf);
		event = OpenEventW(SYNCHRONIZE | READ_CONTROL, FALSE, name);
		if (event != NULL)
			(void)shm_take_handle(&out->events[i], event, NULL);
	}
}

void shm_bell_close(struct shm_bell *bell)
{
	for (int i = 0; i < SHM_BELL_EVENTS; i++) {
		if (bell->events[i] >= 0)
			CloseHandle(shm_handle(bell->events[i]));
	}
	*bell = SHM_BELL_NONE;
}

static SRWLOCK ringing = SRWLOCK_INIT; /* two rings at once could count only one turn */

/* Nothing to do: shm_bell_ring() wakes the readers of all words. */
void shm_bell_wake(const uint32_t *word)
{
	(void)word;
}

void shm_bell_ring(const struct shm_bell *bell)
{
	uint32_t turn;

	if (bell->turn == NULL || bell->events[SHM_BELL_EVENTS - 1] < 0)
		return;
	AcquireSRWLockExclusive(&ringing);
	turn = load_relaxed_u32(bell->turn);
	ResetEvent(shm_handle(bell->events[(turn + 1) % SHM_BELL_EVENTS]));
	store_release_u32(bell->turn, turn + 1);
	SetEvent(shm_handle(bell->events[turn % SHM_BELL_EVENTS]));
	ReleaseSRWLockExclusive(&ringing);
}

/* --- the alarm --------------------------------------------------------------------------------- */

int shm_alarm_open(struct shm_alarm *out, struct shmpub_error *err)
{
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL); /* resets itself: one thread waits */

	*out = SHM_ALARM_NONE;
	return event == NULL ? shm_error_win32(err, GetLastError(), "CreateEvent")
	                     : shm_take_handle(&out->event, event, err);
}

void shm_alarm_close(struct shm_alarm *alarm)
{
	if (alarm->event >= 0)
		CloseHandle(shm_handle(alarm->event));
	*alarm = SHM_ALARM_NONE;
}

void shm_alarm_raise(struct shm_alarm *alarm)
{
	add_release_u32(&alarm->count, 1);
	if (alarm->event >= 0)
		SetEvent(shm_handle(alarm->event));
}

uint32_t shm_alarm_count(const struct shm_alarm *alarm)
{
	return load_acquire_u32(&alarm->count);
}

/* --- waiting ----------------------------------------------------------------------------------- */

static bool is_news(const struct shm_watch *w)
{
	return (w->word != NULL && load_acquire_u32(w->word) != w->seen) ||
	       (w->alarm != NULL && shm_alarm_count(w->alarm) != w->alarm_seen);
}

/*
 * The event of the current turn, or NULL. Another process writes `turn`: any value selects one of
 * four.
 */
static HANDLE event_of(const struct shm_watch *w)
{
	int fd = w->word == NULL || w->bell == NULL || w->bell->turn == NULL
	                 ? -1
	                 : w->bell->events[load_acquire_u32(w->bell->turn) % SHM_BELL_EVENTS];

	return fd >= 0 ? shm_handle(fd) : NULL;
}

/* Wait for the event or the alarm; true when one of them was set within `ms`. */
static bool wait_for(const struct shm_watch *w, HANDLE event, uint32_t ms)
{
	HANDLE handles[2];
	DWORD n = 0;

	if (event != NULL)
		handles[n++] = event;
	if (w->alarm != NULL && w->alarm->event >= 0)
		handles[n++] = shm_handle(w->alarm->event);
	if (n == 0) {
		Sleep(ms);
		return false;
	}
	return WaitForMultipleObjects(n, handles, FALSE, ms) != WAIT_TIMEOUT;
}

/* How long the next wait may be. The first is short, and without an event each is: see the top. */
static uint32_t slice_ms(const struct shm_watch *w, HANDLE event, uint32_t turn, int64_t left_ms)
{
	uint32_t most = UINT32_MAX - 1;

	if (event != NULL && turn == 0)
		most = FIRST_SLICE_MS;
	else if (event == NULL && w->word != NULL)
		most = turn < POLL_MOST_MS ? turn + 1 : POLL_MOST_MS;
	return left_ms < (int64_t)most ? (uint32_t)left_ms : most;
}

int shm_bell_wait(const struct shm_watch *watch, uint32_t timeout_ms)
{
	int64_t end_ns = shm_monotonic_ns() + (int64_t)timeout_ms * 1000000;

	for (uint32_t turn = 0;; turn++) {
		HANDLE event = event_of(
		        watch); /* before the look at the word: see the top of this file */
		int64_t left_ms = (end_ns - shm_monotonic_ns() + 999999) / 1000000;

		if (is_news(watch))
			return SHMPUB_OK;
		if (left_ms <= 0)
			return SHM_TIMEOUT;
		if (!wait_for(watch, event, slice_ms(watch, event, turn, left_ms)))
			continue;
		if (is_news(watch))
			return SHMPUB_OK;
		/* The ring was for another word; or an earlier publisher has left the event set. */
		if (event != NULL && event_of(watch) == event)
			Sleep(1);
	}
}
