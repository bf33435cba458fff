#include "file_mode.h"

/*
 * Opening the source has found out who may read it (source.h), each time, since its path
 * may lead to another file the next time. A `group` of the ini is given to tables that
 * everybody may read. If the source is readable by another group only, the ini's group gets no
 * right to read the table, because nobody asked for that.
 */

struct shm_access file_mode_table(const struct config_feed *feed, const struct source_mark *mark)
{
	const struct shm_access *asked = &feed->access, *source = &mark->readers;
	struct shm_access table = { .mode = source->mode, .gid = asked->gid };

	if (asked->mode != FILE_MODE_AUTO)
		return *asked;
	if (source->mode == 0640 && asked->gid >= 0 && asked->gid != source->gid)
		table.mode = 0600;
	if (source->mode == 0640 && asked->gid < 0) {
		table.gid = source->gid;
		table.may_lack_group = true;
	}
	return table;
}

struct shm_access file_mode_unjudged(const struct config_feed *feed)
{
	struct shm_access table = feed->access;

	if (table.mode == FILE_MODE_AUTO)
		table.mode = 0600;
	return table;
}

struct shm_access file_mode_segment(const struct config_feed *feed, const struct shm_access *table)
{
	struct shm_access segment = *table;

	if (feed->segment_access.mode != 0)
		return feed->segment_access;
	segment.mode = (table->mode & 040) != 0 ? 0660 : 0600;
	return segment;
}

const char *file_mode_opens(unsigned *mode, const struct config_feed *feed,
                            const struct source_mark *mark)
{
	const struct {
		const char *key;
		const struct shm_access *access;
	} modes[] = { { "file_mode", &feed->access }, { "segment_mode", &feed->segment_access } };

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		*mode = modes[i].access->mode;
		if (*mode != 0 && *mode != FILE_MODE_AUTO &&
		    !shm_access_covers(&mark->readers, modes[i].access))
			return modes[i].key;
	}
	return NULL;
}
