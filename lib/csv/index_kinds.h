/* The implementations of csv/index.h; each stands alone in its file. Only index.c asks for them by name. */
#ifndef SHMPUB_CSV_INDEX_KINDS_H
#define SHMPUB_CSV_INDEX_KINDS_H

#include "csv/index.h"

csv_index_fn csv_index_plain, csv_index_sse2, csv_index_avx2, csv_index_neon;
csv_count_fn csv_count_plain, csv_count_sse2, csv_count_avx2, csv_count_neon;

#endif
