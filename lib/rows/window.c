#include "rows/window.h"

#include "base/alloc.h"
#include "base/error.h"

int window_reserve(struct window *w, size_t size, struct shmpub_error *err)
{
	char *buffer;

	if (size <= w->buffer_room)
		return SHMPUB_OK;
	buffer = mem_resize(w->buffer, size + WINDOW_BEYOND);
	if (buffer == NULL)
		return error_nomem(err, size + WINDOW_BEYOND);
	memset(buffer + size, 0, WINDOW_BEYOND);
	w->buffer = buffer;
	w->buffer_room = size;
	return SHMPUB_OK;
}

int window_reserve_index(struct window *w, size_t size, struct shmpub_error *err)
{
	size_t room = size + size / 4;

	if (w->cuts && w->records && size <= w->index_room)
		return SHMPUB_OK;
	mem_free(w->cuts);
	mem_free(w->records);
	w->index_room = 0;
	w->records = NULL;
	w->cuts = mem_alloc((room + CSV_INDEX_BLOCK + 2) * sizeof(*w->cuts));
	w->records = mem_alloc((room + CSV_INDEX_BLOCK + 1) * sizeof(*w->records));
	if (w->cuts == NULL || w->records == NULL)
		return error_nomem(err, 2 * room * sizeof(*w->cuts));
	w->index_room = room;
	return SHMPUB_OK;
}

void window_free(struct window *w)
{
	mem_free(w->buffer);
	mem_free(w->cuts);
	mem_free(w->records);
	*w = WINDOW_NONE;
}
