#include "fuzz.h"

#include "base/alloc.h"
#include "expand.h"

/* Any bytes as a compressed source: text within the bound, or a failure that says why. */

#define TEXT_MAX ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span bytes = span_of((const char *)data, size);
	const struct expand_format *format = expand_format_of(bytes);
	const struct expand_limit limit = { TEXT_MAX, "max_source" };
	struct byte_source memory = byte_source_of(bytes);
	struct shmpub_error err = { 0 };
	struct expansion e;
	static char text[4096];
	size_t n = 1, want = 1;
	uint64_t sum = 0;
	int r = SHMPUB_OK;

	if (format == NULL)
		return -1;
	expansion_init(&e, &memory, format, limit);
	while (r == SHMPUB_OK && n > 0) {
		r = e.source.read(&e, text, want, &n, &err);
		sum += r == SHMPUB_OK ? n : 0;
		want = 2 * want < sizeof(text) ? 2 * want : sizeof(text);
	}
	CLAIM(sum <= TEXT_MAX && sum <= e.n_text);
	CLAIM((r == SHMPUB_OK) == (err.message[0] == '\0'));
	expansion_free(&e);
	CLAIM(mem_live() == 0);
	return 0;
}
