/*
 * The configuration that "shmpub up" makes of its command line.
 *
 * Threads: no state.
 * Errors:  SHMPUB_ERR_INVALID with a line about the command line; SHMPUB_ERR_NOMEM; SHMPUB_ERR_SYS.
 */
#ifndef SHMPUB_CLI_UP_TEXT_H
#define SHMPUB_CLI_UP_TEXT_H

#include "base/buffer.h"
#include "command.h"

#define UP_NAME_SIZE 41

/*
 * Appends the text of an ini file: the instance, what --interval and --set say, and a feed for each
 * word. A relative path becomes an absolute one.
 */
int up_text(struct buffer *out, const struct command_line *l, const char *instance,
            struct shmpub_error *err);
/*
 * A word is NAME=SOURCE, or a SOURCE that gives the name as well: "data/quotes.csv.gz" is quotes,
 * "quotes-*.csv" quotes, "data/ *.csv" (without the blank) data. *source is where the source begins.
 */
int up_name(char out[UP_NAME_SIZE], const char **source, const char *word,
            struct shmpub_error *err);

#endif
