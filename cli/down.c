#include "command.h"

#include "base/error.h"
#include "control.h"
#include "up_system.h"

/* shmpub down: asks the daemon of the instance to stop, and waits until it has ended. */

static int ask(struct session *s, const struct shmpub_instance_info *info)
{
	struct control_stream stream = CONTROL_STREAM_NONE;
	const char *directory = s->line->directory;
	char answer[16];
	size_t got = 1;
	int r = control_connect(&stream, directory != NULL ? directory : SHMPUB_DIRECTORY,
	                        info->instance, info->pid, &s->err);

	if (!r)
		r = control_write(&stream, "stop\n", 5, &s->err);
	while (!r && got != 0) /* the daemon closes the stream when it has stopped */
		r = control_read(&got, &stream, answer, sizeof(answer), &s->err);
	control_disconnect(&stream);
	return r;
}

int command_down(struct session *s)
{
	struct shmpub_instance_info info;
	int r = shmpub_instance(&info, s->reader, &s->err);

	if (!r && info.why_gone[0] != '\0')
		r = error_set(&s->err, SHMPUB_ERR_SYS, "instance %s: publisher gone: %s",
		              info.instance, info.why_gone);
	if (!r)
		r = ask(s, &info);
	if (!r && !up_wait_end(info.pid))
		r = error_set(&s->err, SHMPUB_ERR_SYS,
		              "instance %s: process %llu was asked to stop and still runs",
		              info.instance, (unsigned long long)info.pid);
	if (r)
		return session_fail(s);
	out_printf(&s->out, "instance %s: stopped\n", info.instance);
	return EXIT_GOOD;
}
