/* What every target has: the entry that libFuzzer calls, and a claim that it must not be able to break. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIM(true_thing)                                                                          \
	do {                                                                                       \
		if (!(true_thing)) {                                                               \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #true_thing);   \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
