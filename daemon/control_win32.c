#include "control.h"

#include <stdio.h>
#include "base/error.h"
#include "shm/shm.h"

/*
 * The pipe has the name of the daemon's process, which readers find in the catalog. By the access
 * that Windows gives a pipe unless it is told another one, the owner, administrators and the system
 * may read and write it, and everybody else may only read: others can connect, and can ask nothing.
 */

int control_bind(uv_pipe_t *pipe, uint64_t place[2], const char *instance_path,
                 struct shmpub_error *err)
{
	char name[64];
	int r;

	(void)instance_path;
	place[0] = place[1] = 0;
	(void)snprintf(name, sizeof(name), "\\\\.\\pipe\\shmpub-%llu",
	               (unsigned long long)shm_pid());
	r = uv_pipe_bind(pipe, name);
	if (r == 0)
		return SHMPUB_OK;
	return error_set(err, SHMPUB_ERR_SYS, "control: %s: %s", name, uv_strerror(r));
}

bool control_is_in_place(const uint64_t place[2], const char *instance_path)
{
	(void)place;
	(void)instance_path;
	return true; /* the name lives as long as the pipe */
}

void control_remove(const uint64_t place[2], const char *instance_path)
{
	(void)place;
	(void)instance_path;
}

bool control_may_ask(const uv_pipe_t *peer)
{
	(void)peer;
	return true; /* who may write may ask */
}
