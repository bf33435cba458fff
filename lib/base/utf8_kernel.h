/* The kernels behind utf8_valid_prefix() (base/cpu.h says what a kernel is). Internal to utf8.c. */
#ifndef SHMPUB_BASE_UTF8_KERNEL_H
#define SHMPUB_BASE_UTF8_KERNEL_H

#include <stddef.h>
#include "base/span.h"

struct utf8_kernel {
	const char *name; /* "plain", "avx2", "avx512" */
	/*
	 * How many bytes from the start are in blocks without a fault; NULL of the plain kernel.
	 * A character may be cut at the end of the last block, and the caller looks at the rest.
	 */
	size_t (*valid_blocks)(struct span text);
};

extern const struct utf8_kernel utf8_kernel_avx2, utf8_kernel_avx512;

/* The i-th kernel that this processor can run, plain first; NULL past the last. */
const struct utf8_kernel *utf8_kernel_at(size_t i);

/* utf8_valid_prefix() by one kernel. */
size_t utf8_valid_prefix_by(const struct utf8_kernel *kernel, struct span text);

#endif
