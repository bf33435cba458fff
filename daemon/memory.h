/*
 * How much memory this process may use. memory_posix.c implements it.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_MEMORY_H
#define SHMPUBD_MEMORY_H

#include <stdint.h>

/*
 * The least of what the machine has, what the control groups that the process is in allow,
 * and its limit of address space. `root` stands before /proc and /sys: "" but for tests.
 */
uint64_t memory_allowed(const char *root);

#endif
