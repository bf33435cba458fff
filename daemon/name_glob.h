/*
 * Names against a pattern, as glob(7) has them: `*` stands for any characters, `?` for one, `[a-z]`
 * for one of some, `[!a-z]` (or `[^a-z]`) for one of all others. `[*]` is a star. A name that
 * begins with a dot is only matched by a pattern that does. A `[` without its `]` is an ordinary
 * character, and so is a backslash.
 *
 * Characters are those of UTF-8; a byte that is none counts as one.
 *
 * Threads: no state.
 */
#ifndef SHMPUBD_NAME_GLOB_H
#define SHMPUBD_NAME_GLOB_H

#include <stdbool.h>
#include "base/span.h"

/* `ignores_case`: ASCII letters of both cases are one. Time: pattern.size * name.size at most. */
bool name_glob_matches(struct span pattern, struct span name, bool ignores_case);
/* True when the text has one of the characters that make a pattern. */
bool name_glob_is_pattern(struct span text);
/* True for `[[:alpha:]]` and the like, which is not known here. */
bool name_glob_has_class(struct span pattern);

#endif
