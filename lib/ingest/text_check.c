#include "ingest/text_check.h"

#include "base/error.h"
#include "base/utf8.h"
#include "csv/tokenize.h"

/* Text is checked stretch by stretch, and stretches of ASCII, which counting knows, not at all. */

int text_check(struct span text, size_t from, size_t to, struct shmpub_error *err)
{
	size_t at = from + utf8_valid_prefix(span_of(text.data + from, to - from));

	if (at == to)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_CSV, "line %llu: byte 0x%02x at offset %zu is not UTF-8",
	                 (unsigned long long)csv_line_at(text, at), (unsigned char)text.data[at],
	                 at);
}
