/*
 * What a program of ours begins with. lib/shm/shm_standard_posix.c and _win32.c implement it;
 * the header stands here because programs of every room need it.
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

/*
 * Second thing in main(): the arguments in UTF-8, where the system hands them over otherwise;
 * they live as long as the program. False: no memory.
 */
bool standard_arguments(int *argc, char ***argv);

#endif
