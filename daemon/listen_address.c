#include "listen_address.h"

#include "base/duration.h"
#include "base/error.h"

#define UNIX "unix:"

static int refuse(const char *text, struct shmpub_error *err)
{
	return error_set(err, SHMPUB_ERR_INVALID,
	                 "'%s': ADDRESS:PORT, as 127.0.0.1:9464 or [::1]:9464, or unix:PATH wanted",
	                 text);
}

/* Splits ADDRESS:PORT and [ADDRESS]:PORT. */
static bool split(struct span *address, uint64_t *port, bool *is_bracketed, struct span text)
{
	size_t at = text.size;

	while (at > 0 && text.data[at - 1] != ':')
		at--;
	if (at == 0 || !count_parse(port, span_of(text.data + at, text.size - at)) || *port > 65535)
		return false;
	*address = span_of(text.data, at - 1);
	*is_bracketed = address->size >= 2 && address->data[0] == '[' &&
	                address->data[address->size - 1] == ']';
	if (*is_bracketed)
		*address = span_of(address->data + 1, address->size - 2);
	return true;
}

int listen_address_parse(struct listen_address *out, const char *text, struct shmpub_error *err)
{
	struct span address;
	char number[64];
	uint64_t port;
	bool is_bracketed;
	int r;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, UNIX, strlen(UNIX)) == 0) {
		out->path = text + strlen(UNIX);
		return out->path[0] != '\0' ? SHMPUB_OK : refuse(text, err);
	}
	if (!split(&address, &port, &is_bracketed, span_str(text)) ||
	    address.size >= sizeof(number))
		return refuse(text, err);
	memcpy(number, address.data, address.size);
	number[address.size] = '\0';
	if (is_bracketed)
		r = uv_ip6_addr(number, (int)port, (struct sockaddr_in6 *)&out->ip);
	else
		r = uv_ip4_addr(strcmp(number, "localhost") == 0 ? "127.0.0.1" : number, (int)port,
		                (struct sockaddr_in *)&out->ip);
	return r == 0 ? SHMPUB_OK : refuse(text, err);
}

bool listen_address_is_local(const struct listen_address *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	if (a->path != NULL)
		return true;
	if (a->ip.ss_family == AF_INET6)
		return memcmp(&((const struct sockaddr_in6 *)&a->ip)->sin6_addr, one, 16) == 0;
	return *(const unsigned char *)&((const struct sockaddr_in *)&a->ip)->sin_addr == 127;
}
