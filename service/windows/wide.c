#include "wide.h"

#include <limits.h>
#include <windows.h>
#include "base/alloc.h"
#include "base/error.h"

/* Both directions ask the system for the size first, so that no text is cut. */

static int convert(wchar_t **out, struct span text, DWORD flags, struct shmpub_error *err)
{
	int size = text.size <= INT_MAX ? (int)text.size : 0, n = 0;

	*out = NULL;
	if (size)
		n = MultiByteToWideChar(CP_UTF8, flags, text.data, size, NULL, 0);
	if (text.size && n <= 0)
		return error_set(err, SHMPUB_ERR_INVALID, "text that is not UTF-8");
	*out = mem_zalloc((size_t)n + 1, sizeof(**out));
	if (*out == NULL)
		return error_nomem(err, ((size_t)n + 1) * sizeof(**out));
	if (n)
		MultiByteToWideChar(CP_UTF8, flags, text.data, size, *out, n);
	return SHMPUB_OK;
}

int wide_from_utf8(wchar_t **out, struct span text, struct shmpub_error *err)
{
	return convert(out, text, MB_ERR_INVALID_CHARS, err);
}

int wide_from_bytes(wchar_t **out, struct span text, struct shmpub_error *err)
{
	return convert(out, text, 0, err);
}

int wide_to_utf8(char **out, const wchar_t *text, struct shmpub_error *err)
{
	int n = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, NULL, 0, NULL, NULL);

	*out = NULL;
	if (n <= 0)
		return error_set(err, SHMPUB_ERR_INVALID, "text of the system that is not UTF-16");
	*out = mem_alloc((size_t)n);
	if (*out == NULL)
		return error_nomem(err, (size_t)n);
	WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, *out, n, NULL, NULL);
	return SHMPUB_OK;
}
