#include "value/batch_kernel.h"
#include "value/date_layout.h"
#include "value/join_digits.h"

/*
 * Dates of one fixed layout. The 16 bytes in which the time ends ("01T09:30:00.000") are
 * compared with what must stand there all at once: digits become numbers below ten,
 * separators zero, and one comparison with the largest that each may be says whether all
 * is well. Then digits are brought together in pairs, and pairs are multiplied to ticks,
 * the column's unit. The ticks up to the day are kept from the cell before, if it has the same day,
 * or made from those of its month, which date_layout.h keeps.
 */

#if defined(__x86_64__)

#include <immintrin.h>

#define TAIL 16
#define ANY ((char)0xFF)
#define INLINE static inline __attribute__((always_inline))

/* What all cells of a run have in common. */
struct pattern {
	__m128i bytes;   /* '0' for digits, or the separator */
	__m128i most;    /* of a byte, once it is told from those: 9, 0, or anything */
	__m128i places;  /* where pairs come from: HH MM SS -- and the decimals, flush right */
	__m128i even;    /* what the first and third 32 bits of the parts are in ticks */
	__m128i odd;     /* and the second and fourth */
	size_t tail_end; /* in the cell */
	int64_t ticks;   /* of a second */
};

/* The pairs of digits: microseconds have three of decimals, nanoseconds four and a place more. */
static void compile(struct pattern *p, const struct batch_dates *d)
{
	const uint8_t n = d->format->n_decimals, size = n ? (uint8_t)(n + 1) : 0;
	const bool is_nano = d->unit == SHMPUB_NANOSECOND;
	const int hour = TAIL - (8 + size), decimals = hour + 9;
	char bytes[TAIL] = { 0 }, most[TAIL], places[TAIL];

	memset(most, ANY, TAIL);
	memset(places, ANY, TAIL);
	for (int i = 0; i < 8 + size; i++) {
		bool is_digit = i > 8 || i % 3 != 2;

		bytes[hour + i] = (char)(is_digit ? '0' : i == 8 ? '.' : ':');
		most[hour + i] = is_digit ? 9 : 0;
	}
	for (int i = 0; i < 3; i++) {
		places[2 * i] = (char)(hour + 3 * i);
		places[2 * i + 1] = (char)(hour + 3 * i + 1);
	}
	for (int i = 0; i < n; i++)
		places[(is_nano ? 8 : 10) + i] = (char)(decimals + i);
	p->bytes = _mm_loadu_si128((const __m128i *)(const void *)bytes);
	p->most = _mm_loadu_si128((const __m128i *)(const void *)most);
	p->places = _mm_loadu_si128((const __m128i *)(const void *)places);
	p->tail_end = (size_t)LAYOUT_TIME + size;
	p->ticks = is_nano ? 1000000000 : 1000000;
	/* Of the decimals there are eight digits, or six: four in each of two parts. */
	p->even = _mm_set_epi64x(is_nano ? 100000 : 10000, p->ticks);
	p->odd = _mm_set_epi64x(is_nano ? 10 : 1, p->ticks);
}

/* The time of the day in ticks; false: no such time. */
INLINE bool read_time(int64_t *ticks, const char *cell, const struct pattern *p)
{
	const __m128i text = _mm_loadu_si128(
	        (const __m128i *)(const void *)(cell + p->tail_end - TAIL));
	const __m128i digits = _mm_xor_si128(text, p->bytes);
	const __m128i above = _mm_subs_epu8(digits, p->most);
	const __m128i pairs = _mm_maddubs_epi16(_mm_shuffle_epi8(digits, p->places),
	                                        _mm_set1_epi16(JOIN_DIGITS));
	const __m128i most = _mm_setr_epi16(23, 59, 59, INT16_MAX, INT16_MAX, INT16_MAX, INT16_MAX,
	                                    INT16_MAX);
	const __m128i wrong = _mm_or_si128(above, _mm_cmpgt_epi16(pairs, most));
	const __m128i parts = _mm_madd_epi16(pairs, _mm_setr_epi16(3600, 60, 1, 0, 100, 1, 100, 1));
	const __m128i both = _mm_add_epi64(_mm_mul_epu32(parts, p->even),
	                                   _mm_mul_epu32(_mm_srli_epi64(parts, 32), p->odd));

	*ticks = _mm_cvtsi128_si64(_mm_add_epi64(both, _mm_unpackhi_epi64(both, both)));
	return _mm_testz_si128(wrong, wrong);
}

/* The day of the cell before, as written and in ticks. */
struct day {
	uint64_t head; /* the first eight bytes */
	uint16_t tail; /* and the two of the day */
	int64_t ticks; /* from 1970-01-01 to its begin, in the column's zone */
};

/* False: there is no such day, or ticks from its begin to its end may be too many. */
INLINE bool read_day(struct day *day, struct date_cache *cache, const struct batch_dates *d,
                     const struct pattern *p, const char *cell)
{
	const uint64_t head = load_le64(cell);
	const size_t slot = layout_slot(head);
	const uint32_t tens = (uint32_t)(unsigned char)cell[8] - '0';
	const uint32_t units = (uint32_t)(unsigned char)cell[9] - '0';
	const uint32_t number = tens * 10 + units;
	int64_t ticks, bound;

	if (cache->months[slot].head != head && !layout_month(cache, slot, d->format, head))
		return false;
	if (tens > 9 || units > 9 || number - 1 >= (uint32_t)cache->months[slot].n_days)
		return false;
	if (!i64_mul(&ticks,
	             (int64_t)(cache->months[slot].days + (int32_t)number - 1) * SECONDS_PER_DAY -
	                     d->offset_s,
	             p->ticks) ||
	    !i64_add(&bound, ticks, SECONDS_PER_DAY * p->ticks) || !i64_add(&bound, ticks, -1))
		return false;
	*day = (struct day){ .head = head, .ticks = ticks };
	memcpy(&day->tail, cell + 8, sizeof(day->tail));
	return true;
}

INLINE bool is_same_day(const struct day *day, const char *cell)
{
	uint16_t tail;

	memcpy(&tail, cell + 8, sizeof(tail));
	return load_le64(cell) == day->head && tail == day->tail;
}

static bool is_for_here(const struct batch_dates *d)
{
	const struct date_format *f = d->format;

	return f->fixed == LAYOUT_TIME && f->n_decimals <= 7;
}

size_t batch_dates_avx2(int64_t *out, struct date_cache *cache, const struct batch_dates *d,
                        const struct cell_run *run, size_t n, struct batch_empty *empty)
{
	const struct date_format *f = d->format;
	struct day day = { .head = 0 }; /* no cell that was taken has it: NUL is no digit */
	struct pattern p;
	int64_t time;
	size_t i;

	if (!is_for_here(d))
		return batch_kernel_plain.take_dates(out, cache, d, run, n, empty);
	compile(&p, d);
	for (i = 0; i < n; i++) {
		const struct span cell = cell_run_at(run, i);

		if (cell.size != f->layout_size) {
			if (!batch_take_no_date(&out[i], cell, empty, i))
				break;
			continue;
		}
		if ((day.head == 0 || !is_same_day(&day, cell.data)) &&
		    !read_day(&day, cache, d, &p, cell.data))
			break;
		if (cell.data[LAYOUT_DATE] != f->layout[LAYOUT_DATE] ||
		    !read_time(&time, cell.data, &p) || !layout_zone(f, cell))
			break;
		out[i] = day.ticks + time;
	}
	return i;
}

#else
typedef int batch_dates_avx2_is_for_x86;
#endif
