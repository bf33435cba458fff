/* The loops behind batch.h, one set per instruction set. Internal to this room. */
#ifndef SHMPUB_VALUE_BATCH_KERNEL_H
#define SHMPUB_VALUE_BATCH_KERNEL_H

#include "value/batch.h"

struct batch_kernel {
	size_t (*take_ints)(int64_t *out, const struct cell_run *run, size_t n);
	size_t (*take_floats)(double *out, const struct cell_run *run, size_t n);
};

extern const struct batch_kernel batch_kernel_plain;
/* NULL members where the compiler was not asked for them. */
extern const struct batch_kernel batch_kernel_avx2;

/* The best one that this processor has. */
const struct batch_kernel *batch_kernel_best(void);

#endif
