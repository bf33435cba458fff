/*
 * CRC-32 of zlib, PNG and Ethernet (ISO-HDLC): reflected polynomial 0xEDB88320, initial and
 * final value ~0. docs/FORMAT.md uses no other checksum, because every language that a reader
 * may be written in has a fast function for this one (Python: zlib.crc32).
 *
 * Threads: pure functions, any thread. Errors: none.
 */
#ifndef SHMPUB_BASE_CRC32_H
#define SHMPUB_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the checksum of bytes that come in parts. `crc` is 0 for the first part, and for
 * each later one the result of the part before.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

static inline uint32_t crc32(const void *data, size_t size)
{
	return crc32_update(0, data, size);
}

#endif
