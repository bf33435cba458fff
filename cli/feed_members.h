/*
 * How one feed is described to people and to programs.
 *
 * Threads: no state.
 */
#ifndef SHMPUB_CLI_FEED_MEMBERS_H
#define SHMPUB_CLI_FEED_MEMBERS_H

#include "json.h"
#include "reader/feed_list.h"

#define FEED_TROUBLE_SIZE (SHMPUB_LINE_SIZE + SHMPUB_WHY_SIZE + 48)

/*
 * Says in one line what is wrong with a feed: its last error, and why its publisher is gone.
 * Empty: nothing is wrong.
 */
void feed_trouble(char out[FEED_TROUBLE_SIZE], const struct shmpub_feed_info *feed,
                  const char *why_gone);
#define FEED_REFUSAL_SIZE 256

/* Says that the last reload of the configuration was refused; empty: it was not. */
void feed_list_refusal(char out[FEED_REFUSAL_SIZE], const struct shmpub_instance_info *info,
                       int64_t now_ns);
/* Writes the members that describe a feed into the JSON object that is open. */
void feed_members(struct json *j, const struct shmpub_feed_info *feed, const char *why_gone,
                  int64_t now_ns);

#endif
