/* The kernels of csv/copy_cells.h, one file each. Only copy_cells.c asks for them by name. */
#ifndef SHMPUB_CSV_COPY_CELLS_KINDS_H
#define SHMPUB_CSV_COPY_CELLS_KINDS_H

#include "csv/copy_cells.h"

extern const struct copy_cells_kind copy_cells_avx2;

#endif
