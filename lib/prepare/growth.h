/*
 * A snapshot that grows: how much room it gets.
 *
 * Threads: a worker.
 */
#ifndef SHMPUB_PREPARE_GROWTH_H
#define SHMPUB_PREPARE_GROWTH_H

#include "prepare/steps.h"

/* For how many rows more than the `rows` that are expected there is to be room, of `room` bytes. */
uint64_t growth_rows(const struct schema *schema, uint64_t rows, uint64_t room);
/* Room for states and text. */
struct snapshot_growth growth_for(const struct schema *schema, uint64_t rows, uint64_t room);

#endif
