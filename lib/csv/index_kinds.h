/* The kernels behind csv/index.h, one file each. Only index.c asks for them by name. */
#ifndef SHMPUB_CSV_INDEX_KINDS_H
#define SHMPUB_CSV_INDEX_KINDS_H

#include "csv/index.h"

extern const struct csv_index_kind csv_index_plain, csv_index_sse2, csv_index_avx2,
        csv_index_avx512, csv_index_neon;

#endif
