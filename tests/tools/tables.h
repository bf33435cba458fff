/*
 * Tables that prove themselves: every cell follows from the table's number, so that one torn, mixed or
 * stale byte shows. tests/windows/tables.py makes the same.
 *
 *     number   row   text
 *     N        0     tN-0
 *     N        1     tN-1
 *     ...            table_height(N) rows
 */
#ifndef SHMPUB_TESTS_TABLES_H
#define SHMPUB_TESTS_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TABLE_CELL_ROOM 48

/* Small and large ones in turn. */
static inline uint64_t table_height(uint64_t number)
{
	return 1 + number * 7919 % 2000;
}

/* CSV as programs of Windows write it; NULL: no memory. */
static inline char *table_text(size_t *size, uint64_t number)
{
	uint64_t height = table_height(number);
	size_t room = 64 + (size_t)height * 3 * TABLE_CELL_ROOM;
	char *text = malloc(room);

	*size = 0;
	if (text == NULL)
		return NULL;
	*size = (size_t)snprintf(text, room, "number,row,text\r\n");
	for (uint64_t row = 0; row < height; row++)
		*size += (size_t)snprintf(text + *size, room - *size, "%llu,%llu,t%llu-%llu\r\n",
		                          (unsigned long long)number, (unsigned long long)row,
		                          (unsigned long long)number, (unsigned long long)row);
	return text;
}

#endif
