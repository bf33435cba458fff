/* The encodings that a source may be written in, by Python's names of them. */
#ifndef SHMPUB_CSV_ENCODING_H
#define SHMPUB_CSV_ENCODING_H

#include "csv/options.h"

/* Finds an encoding by Python's name of the codec; false: none of that name is supported. */
bool csv_encoding_by_name(enum csv_encoding *out, struct span name);

#endif
