#include "secret_file.h"

#include <stdbool.h>
#include <string.h>
#include <uv.h>
#include "base/error.h"

static int read_file(char *out, size_t room, const char *path, struct shmpub_error *err)
{
	uv_buf_t to = uv_buf_init(out, (unsigned)room);
	uv_fs_t request;
	int file = uv_fs_open(NULL, &request, path, UV_FS_O_RDONLY | UV_FS_O_NONBLOCK, 0, NULL);
	int n;

	uv_fs_req_cleanup(&request);
	if (file < 0)
		return error_set(err, SHMPUB_ERR_SYS, "%s: %s", path, uv_strerror(file));
	n = uv_fs_read(NULL, &request, file, &to, 1, 0, NULL);
	uv_fs_req_cleanup(&request);
	(void)uv_fs_close(NULL, &request, file, NULL);
	uv_fs_req_cleanup(&request);
	if (n < 0)
		return error_set(err, SHMPUB_ERR_SYS, "%s: %s", path, uv_strerror(n));
	out[n] = '\0';
	return strlen(out) == (size_t)n
	               ? SHMPUB_OK
	               : error_set(err, SHMPUB_ERR_INVALID, "%s: it has a NUL byte", path);
}

static bool can_be_sent(const char *secret)
{
	for (; *secret != '\0'; secret++) {
		if ((unsigned char)*secret < ' ' || *secret == 0x7F)
			return false;
	}
	return true;
}

int secret_read(char out[SECRET_SIZE], const char *path, struct shmpub_error *err)
{
	int r = read_file(out, SECRET_SIZE - 1, path, err);

	if (r)
		return r;
	if (strlen(out) == SECRET_SIZE - 1)
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: more than one short line", path);
	out[strcspn(out, "\r\n")] = '\0';
	if (!r && out[0] == '\0')
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: the first line is empty", path);
	if (!r && !can_be_sent(out))
		r = error_set(err, SHMPUB_ERR_INVALID, "%s: it has control characters", path);
	if (r)
		secret_forget(out);
	return r;
}

void secret_forget(char secret[SECRET_SIZE])
{
	volatile char *p = secret;

	for (size_t i = 0; i < SECRET_SIZE; i++)
		p[i] = 0;
}
