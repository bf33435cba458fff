/* Whether CSV text is UTF-8, and if not, where. */
#ifndef SHMPUB_INGEST_TEXT_CHECK_H
#define SHMPUB_INGEST_TEXT_CHECK_H

#include "base/span.h"
#include "shmpub/shmpub.h"

/* The bytes [from, to) of the text, both at characters' bounds; the error names line and offset. */
int text_check(struct span text, size_t from, size_t to, struct shmpub_error *err);

#endif
