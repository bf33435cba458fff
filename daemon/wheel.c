#include "wheel.h"

#include <stddef.h>
#include "base/compiler.h"

/*
 * A hashed timing wheel (Varghese and Lauck, scheme 6): a slot for each tick, an entry in the slot of
 * its tick modulo the number of slots. The timer runs only for slots that have entries.
 */

static uint64_t now_ms(const struct wheel *w)
{
	return uv_now(w->timer.loop);
}

static void on_timer(uv_timer_t *timer);

static void wake_at(struct wheel *w, uint64_t tick)
{
	uint64_t time = tick * WHEEL_TICK_MS, now = now_ms(w);

	w->wakes_at = tick;
	uv_timer_start(&w->timer, on_timer, time > now ? time - now : 0, 0);
}

static void link_to(struct wheel_entry **at, struct wheel_entry *entry)
{
	entry->next = *at;
	entry->link = at;
	if (entry->next != NULL)
		entry->next->link = &entry->next;
	*at = entry;
}

static void put_in_slot(struct wheel *w, struct wheel_entry *entry)
{
	link_to(&w->slots[entry->tick % WHEEL_SLOTS], entry);
}

void wheel_take(struct wheel_entry *entry)
{
	if (entry->link == NULL)
		return;
	*entry->link = entry->next;
	if (entry->next != NULL)
		entry->next->link = entry->link;
	entry->link = NULL;
}

void wheel_put(struct wheel *w, struct wheel_entry *entry, uint64_t wait_ms)
{
	uint64_t tick = (now_ms(w) + wait_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;

	wheel_take(entry);
	entry->tick = tick < w->at ? w->at : tick;
	put_in_slot(w, entry);
	if (!uv_is_active((uv_handle_t *)&w->timer) || entry->tick < w->wakes_at)
		wake_at(w, entry->tick);
}

/* A due() may take out entries that wait in the same slot, and put in any. */
static void turn_slot(struct wheel *w, uint64_t tick)
{
	struct wheel_entry *list = w->slots[tick % WHEEL_SLOTS];

	w->slots[tick % WHEEL_SLOTS] = NULL;
	if (list != NULL)
		list->link = &list;
	for (unsigned pass = 0; pass < WHEEL_PASSES; pass++) {
		for (struct wheel_entry *e = list; e != NULL; e = e->next) {
			if (e->soon != NULL)
				e->soon(e, pass);
		}
	}
	while (list != NULL) {
		struct wheel_entry *entry = list;

		wheel_take(entry);
		if (entry->tick > tick)
			put_in_slot(w, entry);
		else
			entry->due(entry);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct wheel *w = timer->data;
	uint64_t last = now_ms(w) / WHEEL_TICK_MS, first = w->at;

	if (last < first)
		last = first;
	if (last - first >= WHEEL_SLOTS) /* the machine slept; a turn meets all of them */
		first = last - (WHEEL_SLOTS - 1);
	w->at = last + 1; /* what a due() puts in now comes later */
	for (uint64_t tick = first; tick <= last; tick++)
		turn_slot(w, tick);
	for (uint64_t i = 0; i < WHEEL_SLOTS; i++) {
		if (w->slots[(w->at + i) % WHEEL_SLOTS] != NULL) {
			wake_at(w, w->at + i);
			return;
		}
	}
	uv_timer_stop(timer);
}

void wheel_init(struct wheel *w, uv_loop_t *loop)
{
	*w = (struct wheel){ .at = uv_now(loop) / WHEEL_TICK_MS };
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
}

void wheel_close(struct wheel *w)
{
	uv_close((uv_handle_t *)&w->timer, NULL);
}
