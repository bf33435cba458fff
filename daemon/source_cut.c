#include "source_cut.h"

/* A file that is written from front to back is searched from its end. */

#define PIECE 4096

static size_t line_end(const char *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] != '\n')
		n--;
	return n;
}

int source_cut(struct source_mark *mark, struct source_file *f, struct shmpub_error *err)
{
	char piece[PIECE];
	uint64_t end = mark->size;
	size_t n = 0;

	while (end > 0 && n == 0) {
		size_t wanted = end < PIECE ? (size_t)end : PIECE, got = 0;
		int r = source_file_read(f, end - wanted, piece, wanted, &got, err);

		if (r || got < wanted)
			return r ? r : SOURCE_BUSY;
		n = line_end(piece, wanted);
		end -= wanted;
	}
	mark->whole_size = mark->size;
	mark->size = end + n;
	mark->is_cut = true;
	mark->is_settled = false;
	return n > 0 ? SHMPUB_OK : SOURCE_BUSY;
}
