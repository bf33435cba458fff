/*
 * CRC-32 as zlib, PNG and Ethernet have it (ISO-HDLC): reflected polynomial
 * 0xEDB88320, initial and final value ~0. The one checksum of docs/FORMAT.md,
 * because every language a reader may be written in has it in fast code
 * (Python: zlib.crc32).
 *
 * Threads: any, no state. Errors: none.
 */
#ifndef SHMPUB_BASE_CRC32_H
#define SHMPUB_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of one run of bytes, or of the next part of a run: start with crc = 0 and pass the last result on. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

static inline uint32_t crc32(const void *data, size_t size)
{
	return crc32_update(0, data, size);
}

#endif
