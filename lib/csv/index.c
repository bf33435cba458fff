#include "csv/index.h"

#include "base/cpu.h"
#include "csv/index_kinds.h"

/*
 * Which implementation runs is decided at run time, once per parse: one binary
 * serves every machine of its architecture.
 */

static bool always(void)
{
	return true;
}

static const struct {
	struct csv_index_kind kind;
	bool (*runs)(void);
} kinds[] = {
	{ { "plain", csv_index_plain, csv_count_plain }, always },
#if defined(__x86_64__)
	{ { "sse2", csv_index_sse2, csv_count_sse2 }, always },
	{ { "avx2", csv_index_avx2, csv_count_avx2 }, cpu_has_avx2 },
#elif defined(__aarch64__)
	{ { "neon", csv_index_neon, csv_count_neon }, always },
#endif
};

const struct csv_index_kind *csv_index_kind(size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		if (kinds[k].runs() && i-- == 0)
			return &kinds[k].kind;
	}
	return NULL;
}

const struct csv_index_kind *csv_index_best(void)
{
	for (size_t k = ARRAY_LEN(kinds); k-- > 0;) {
		if (kinds[k].runs())
			return &kinds[k].kind;
	}
	return &kinds[0].kind;
}
