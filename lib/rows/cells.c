#include "rows/cells.h"

static char *room_in(struct cells *c, struct buffer *b, size_t size)
{
	int r;

	b->size = 0;
	r = buffer_reserve(b, size, &c->error);
	if (r && c->result == SHMPUB_OK)
		c->result = r;
	return r ? NULL : b->data;
}

char *cells_room(struct cells *c, size_t size)
{
	return room_in(c, &c->work, size);
}

struct span cells_unescape(struct cells *c, struct span raw)
{
	char *room = room_in(c, &c->unescaped, raw.size);

	return room ? span_of(room, csv_unescape(room, raw, c->dialect)) : span_of("", 0);
}

void cells_free(struct cells *c)
{
	buffer_free(&c->unescaped);
	buffer_free(&c->work);
}
