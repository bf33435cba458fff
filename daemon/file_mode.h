/*
 * Decides who may read what is made of a source.
 *
 * Unless the ini gives a mode, a table may be read by whoever may read its source: by
 * everybody; by the source's group, if the daemon can give a file to that group; else by the
 * daemon's user alone. In doubt fewer may read it.
 *
 * Threads: no state; pure functions.
 */
#ifndef SHMPUBD_FILE_MODE_H
#define SHMPUBD_FILE_MODE_H

#include "config.h"
#include "source.h"

/* The mode and group of a table whose source was opened: `mark` tells who may read the source. */
struct shm_access file_mode_table(const struct config_feed *feed, const struct source_mark *mark);
/*
 * The same as long as no source was opened. Nobody but the daemon's user then reads a table by
 * FILE_MODE_AUTO.
 */
struct shm_access file_mode_unjudged(const struct config_feed *feed);
/*
 * The mode and group of the plain segments, given those of the table. Readers of plain segments
 * open them for writing, so whoever may read one may also write.
 */
struct shm_access file_mode_segment(const struct config_feed *feed, const struct shm_access *table);
/*
 * Returns the key whose mode lets more users read than the source does, and puts that mode into
 * *mode. NULL: there is none.
 */
const char *file_mode_opens(unsigned *mode, const struct config_feed *feed,
                            const struct source_mark *mark);

#endif
