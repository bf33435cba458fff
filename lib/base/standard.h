/*
 * The two calls that every main() of ours begins with. lib/shm/shm_standard_posix.c and
 * shm_standard_win32.c implement them; the header stands here because programs of every room
 * include it.
 *
 * Threads: before the program starts any.
 */
#ifndef SHMPUB_BASE_STANDARD_H
#define SHMPUB_BASE_STANDARD_H

#include <stdbool.h>

/*
 * To be called first. Opens those of the descriptors 0 to 2 that are closed. Otherwise a file
 * opened later would get such a number, and lines meant for standard error would be written
 * into that file. Reading from a standard input that was opened here, and writing to such a
 * standard output or error, still fails.
 *
 * Returns false when a descriptor cannot be opened; the program should then end. A program of
 * somebody else need not call this function, because lib/ never uses a descriptor below 3.
 */
bool standard_open(void);

/*
 * To be called second. Replaces the arguments by their UTF-8 form where the system passes them
 * in another encoding (Windows); they live as long as the program. Returns false when there is
 * no memory.
 */
bool standard_arguments(int *argc, char ***argv);

#endif
