/*
 * How much memory this process may use. memory_posix.c and memory_win32.c implement it.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_MEMORY_H
#define SHMPUBD_MEMORY_H

#include <stdint.h>

/*
 * Returns the smallest of: the machine's memory, what the control groups (or the job) of this
 * process allow, and its limit of address space. In bytes. `root` is put before /proc and /sys:
 * "", or a directory of a test.
 */
uint64_t memory_allowed(const char *root);

#endif
