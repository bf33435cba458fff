#include "value/batch_kernel.h"
#include "value/date_layout.h"

/*
 * Dates of one fixed layout. The 16 bytes in which the time ends ("01T09:30:00.000") are
 * compared with what must stand there all at once: digits become numbers below ten,
 * separators zero, and one comparison with the largest that each may be says whether all
 * is well. Then digits are brought together in pairs, and pairs are multiplied to seconds
 * and to decimals of the unit. The date in front is what date_layout.h makes of it.
 */

#if defined(__x86_64__)

#include <immintrin.h>

#define TAIL 16
#define ANY ((char)0xFF)

/* What all cells of a run have in common. */
struct pattern {
	__m128i bytes;   /* '0' for digits, or the separator */
	__m128i most;    /* of a byte, once it is told from those: 9, 0, or anything */
	__m128i places;  /* where pairs come from: HH MM SS -- and the decimals, flush right */
	size_t tail_end; /* in the cell */
	int64_t ticks;   /* of a second */
	int64_t scale;   /* of the decimals, in ticks */
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
	p->scale = is_nano ? 10 : 1; /* eight digits of decimals, or six */
}

/* Seconds of the day, and the decimals by the unit; false: no such time. */
static inline bool read_time(int64_t *seconds, int64_t *fraction, const char *cell,
                             const struct pattern *p)
{
	const __m128i text = _mm_loadu_si128(
	        (const __m128i *)(const void *)(cell + p->tail_end - TAIL));
	const __m128i digits = _mm_xor_si128(text, p->bytes);
	const __m128i good = _mm_cmpeq_epi8(_mm_max_epu8(digits, p->most), p->most);
	const __m128i pairs = _mm_maddubs_epi16(_mm_shuffle_epi8(digits, p->places),
	                                        _mm_set1_epi16(0x010a));
	const __m128i most = _mm_setr_epi16(23, 59, 59, INT16_MAX, INT16_MAX, INT16_MAX, INT16_MAX,
	                                    INT16_MAX);
	const __m128i beyond = _mm_cmpgt_epi16(pairs, most);
	const __m128i parts = _mm_madd_epi16(pairs, _mm_setr_epi16(3600, 60, 1, 0, 100, 1, 100, 1));
	const uint64_t time = (uint64_t)_mm_cvtsi128_si64(parts);
	const uint64_t rest = (uint64_t)_mm_extract_epi64(parts, 1);

	*seconds = (int64_t)((time & UINT32_MAX) + (time >> 32));
	*fraction = (int64_t)((rest & UINT32_MAX) * 10000 + (rest >> 32)) * p->scale;
	return _mm_movemask_epi8(good) == 0xFFFF && _mm_testz_si128(beyond, beyond);
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
	struct pattern p;
	size_t i;

	if (!is_for_here(d))
		return batch_kernel_plain.take_dates(out, cache, d, run, n, empty);
	compile(&p, d);
	for (i = 0; i < n; i++) {
		const struct span cell = cell_run_at(run, i);
		int64_t day, seconds, fraction;

		if (cell.size != f->layout_size) {
			if (!batch_take_no_date(&out[i], cell, empty, i))
				break;
			continue;
		}
		if (!layout_date(&day, cache, f, cell.data) ||
		    cell.data[LAYOUT_DATE] != f->layout[LAYOUT_DATE] ||
		    !read_time(&seconds, &fraction, cell.data, &p) || !layout_zone(f, cell) ||
		    !batch_put_moment(&out[i], day + seconds - d->offset_s, p.ticks, fraction))
			break;
	}
	return i;
}

#else
typedef int batch_dates_avx2_is_for_x86;
#endif
