/*
 * One timer for all feeds that rest: entries wait in slots of WHEEL_TICK_MS, and those of a slot come
 * due together. A timer of libuv for each feed would cost more than the look that it is for.
 *
 * Threads:  the loop thread.
 * Lifetime: an entry belongs to its owner, who takes it out before it is freed. An entry that is all
 *           zero is in no wheel. wheel_close() before the loop is closed; no entry may be left then.
 */
#ifndef SHMPUBD_WHEEL_H
#define SHMPUBD_WHEEL_H

#include <uv.h>

#define WHEEL_PASSES 3u
#define WHEEL_TICK_MS 100
#define WHEEL_SLOTS                                                                                \
	1024 /* an entry that waits longer than one turn is passed over until its time */

struct wheel_entry {
	void (*due)(struct wheel_entry *entry);
	/*
	 * due() comes in a moment: ask for the memory that it needs. Called for all entries of a slot
	 * with `pass` 0, then with 1 and so on: what one pass asked for, the next one may read. NULL:
	 * nothing is asked for.
	 */
	void (*soon)(struct wheel_entry *entry, unsigned pass);
	uint64_t tick;
	struct wheel_entry *next, **link; /* link NULL: in no wheel */
};

struct wheel {
	uv_timer_t timer;
	uint64_t at,
	        wakes_at; /* ticks: all before `at` are done; the timer is set for `wakes_at` */
	struct wheel_entry *slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uv_loop_t *loop);
void wheel_close(struct wheel *w);
/* Calls entry->due `wait_ms` from now, or up to a tick later. An entry that waits is moved. */
void wheel_put(struct wheel *w, struct wheel_entry *entry, uint64_t wait_ms);
void wheel_take(struct wheel_entry *entry);

#endif
