#include "rows/part_ends.h"

size_t part_count_at(const struct byte_parts *parts, size_t n, uint64_t offset)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (parts->begin[mid] <= offset)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

bool part_ends_between(const struct window *w, const struct byte_parts *parts, size_t from,
                       size_t to)
{
	size_t next;

	if (parts == NULL)
		return false;
	next = part_count_at(parts, parts->n_begun, w->offset + from);
	return next < parts->n_begun && parts->begin[next] < w->offset + to;
}

/* Returns the number of ends before `cut`. */
static size_t ends_before(const struct window *w, uint32_t cut)
{
	size_t lo = 0, hi = w->n_ends;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (w->cuts[mid + 1] < cut)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool is_end(const struct window *w, size_t at)
{
	size_t n;

	if (at < w->base)
		return true; /* of the record before this window */
	n = ends_before(w, (uint32_t)(at - w->base));
	return n < w->n_ends && w->cuts[n + 1] == at - w->base;
}

/* The index may have only the first byte of \r\n. */
static bool is_between_records(const struct window *w, size_t at)
{
	return is_end(w, at - 1) || (at >= 2 && w->text.data[at - 1] == '\n' &&
	                             w->text.data[at - 2] == '\r' && is_end(w, at - 2));
}

bool part_ends_in_field(size_t *start, const struct window *w, const struct byte_parts *parts,
                        size_t to)
{
	size_t i, at;

	if (parts == NULL)
		return false;
	i = part_count_at(parts, parts->n_begun, w->offset + w->from);
	for (; i < parts->n_begun && parts->begin[i] < w->offset + to; i++) {
		at = (size_t)(parts->begin[i] - w->offset);
		if (is_between_records(w, at))
			continue;
		*start = w->base +
		         (uint32_t)(w->cuts[ends_before(w, (uint32_t)(at - w->base))] + 1);
		return true;
	}
	return false;
}
