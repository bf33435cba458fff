/* The part of `shmpub info --holders` that shows who holds a feed's snapshots. */
#ifndef SHMPUB_CLI_INFO_HOLDERS_H
#define SHMPUB_CLI_INFO_HOLDERS_H

#include "holders.h"
#include "json.h"
#include "show/align.h"

/* Rows for people: a header and a row for each holder. */
void info_holder_rows(struct align *t, const struct holders *h);
/* The members "holders" and "holders_hidden" of the object that is open. */
void info_holder_members(struct json *j, const struct holders *h);

#endif
