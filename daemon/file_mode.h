/*
 * Who may read what is made of a source. Pure functions.
 *
 * A table is readable by whom its source is readable, unless the ini gives a mode: by
 * everybody; by the source's group, where the daemon can give a file to that group; else
 * by the daemon's user alone. In doubt it is the narrower one.
 */
#ifndef SHMPUBD_FILE_MODE_H
#define SHMPUBD_FILE_MODE_H

#include "config.h"
#include "source_file.h"

/* Of a source that was opened: the table's mode and group. */
struct shm_access file_mode_table(const struct config_feed *feed, const struct source_mark *mark);
/* The table's as long as no source was opened: nothing that is published yet is opened by it. */
struct shm_access file_mode_unjudged(const struct config_feed *feed);
/* Of the article's segments, whose readers open them for writing. */
struct shm_access file_mode_segment(const struct config_feed *feed, const struct shm_access *table);
/* The key whose mode lets more read than the source does, and that mode; NULL: none. */
const char *file_mode_opens(unsigned *mode, const struct config_feed *feed,
                            const struct source_mark *mark);

#endif
