/*
 * Descriptors 0 to 2 of a program. lib/shm/shm_standard_posix.c implements it; the header
 * stands here because programs of every room need it.
 */
#ifndef SHMPUB_BASE_STANDARD_H
#define SHMPUB_BASE_STANDARD_H

#include <stdbool.h>

/*
 * First thing in main(): open those of the descriptors 0 to 2 that are closed, so that
 * nothing else gets their numbers, for a line meant for standard error would be written
 * into it. Reading from such a standard input and writing to such a standard output or
 * error still fails. False when they cannot be opened: the program had better end.
 * A program of somebody else need not call this: no descriptor of ours is ever below 3.
 */
bool standard_open(void);

#endif
