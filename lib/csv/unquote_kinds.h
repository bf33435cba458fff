/* The kernels behind csv/unquote.h, one file each. Only unquote.c asks for them by name. */
#ifndef SHMPUB_CSV_UNQUOTE_KINDS_H
#define SHMPUB_CSV_UNQUOTE_KINDS_H

#include "csv/unquote.h"

extern const struct csv_unquote_kind csv_unquote_avx2, csv_unquote_avx512;

#endif
