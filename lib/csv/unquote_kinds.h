/* The implementations behind csv/unquote.h, one file each. Internal to this room. */
#ifndef SHMPUB_CSV_UNQUOTE_KINDS_H
#define SHMPUB_CSV_UNQUOTE_KINDS_H

#include "csv/unquote.h"

#if defined(__x86_64__)
extern const struct csv_unquote_kind csv_unquote_avx2; /* where the processor has it */
#endif

#endif
