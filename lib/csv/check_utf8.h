/* Whether what becomes text is UTF-8. pandas decodes names and cells, and nothing else. Pure. */
#ifndef SHMPUB_CSV_CHECK_UTF8_H
#define SHMPUB_CSV_CHECK_UTF8_H

#include <stdint.h>
#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"

/* `offset`: of the text in its source. An error tells no line; *bad is then the byte's place in the text. */
static inline int csv_check_utf8(size_t *bad, struct span text, uint64_t offset,
                                 struct shmpub_error *err)
{
	*bad = utf8_valid_prefix(text);
	if (*bad == text.size)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_CSV, "byte 0x%02x at offset %llu is not UTF-8",
	                 (unsigned char)text.data[*bad], (unsigned long long)(offset + *bad));
}

#endif
